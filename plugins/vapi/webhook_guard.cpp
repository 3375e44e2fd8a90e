#include "webhook_guard.hpp"

#include <utility>

#include <bulkhead/signing.hpp>

namespace vapi {
namespace {

std::optional<bulkhead::StandardWebhooks> verifierOf(const std::vector<std::string>& secrets) {
  if (secrets.empty()) return std::nullopt;
  return bulkhead::StandardWebhooks{{secrets.begin(), secrets.end()}};
}

}  // namespace

WebhookGuard::WebhookGuard(bool is_signed, std::vector<std::string> secrets)
    : secrets_{std::move(secrets)}, verifier_{is_signed ? verifierOf(secrets_) : std::nullopt} {}

std::optional<std::string_view> WebhookGuard::refusal(const Proof& proof, std::string_view body,
                                                      std::chrono::seconds now) const {
  using Verifier = bulkhead::StandardWebhooks;
  if (verifier_) {
    const auto verdict = verifier_->verify(proof.signature, body, now);
    if (verdict == Verifier::Verdict::Accepted) return std::nullopt;
    return Verifier::describe(verdict);
  }
  constexpr std::string_view kScheme = "Bearer ";
  std::string_view secret = proof.secret;
  if (secret.starts_with(kScheme)) secret.remove_prefix(kScheme.size());
  bool matches = false;
  for (const auto& known : secrets_)
    matches = bulkhead::isEqualInConstantTime(secret, known) || matches;
  if (matches) return std::nullopt;
  return "X-Vapi-Secret is missing or another.";
}

}  // namespace vapi
