#include "metadata_seal.hpp"

#include <bulkhead/signing.hpp>

#include "seal_key_store.hpp"

namespace stripe {
namespace {

constexpr std::size_t kOwnKeyBytes = 32;

/// Each part with its length before it, so that no two contents are one text.
std::string textOf(const MetadataSeal::Content& content) {
  const std::string amount = std::to_string(content.amount);
  std::string text{"stripe.metadata.1"};
  for (const std::string_view part : {content.payment, content.tenant, content.reference,
                                      std::string_view{amount}, content.currency}) {
    text.append("\n").append(std::to_string(part.size())).append(":").append(part);
  }
  return text;
}

std::string sealOf(const MetadataSeal::Content& content, std::string_view key) {
  return bulkhead::toHex(bulkhead::hmacSha256(key, textOf(content)));
}

}  // namespace

std::string MetadataSeal::of(const bulkhead::Context& context, const Content& content) const {
  return sealOf(content, key_.empty() ? ownKey(context) : key_);
}

bool MetadataSeal::isGood(bulkhead::ReadTransaction& snapshot, const Content& content,
                          std::string_view seal) const {
  bool is_good = false;
  for (const std::string& key : {key_, previous_, findSealKey(snapshot).value_or("")}) {
    if (!key.empty())
      is_good = bulkhead::isEqualInConstantTime(seal, sealOf(content, key)) || is_good;
  }
  return is_good;
}

std::string MetadataSeal::ownKey(const bulkhead::Context& context) const {
  auto kept = host_.read(context,
                         [](bulkhead::ReadTransaction& snapshot) { return findSealKey(snapshot); });
  if (kept) return *std::move(kept);
  const std::string fresh = host_.randomBytes(kOwnKeyBytes);
  return host_.write(
      context, [&](bulkhead::Transaction& transaction) { return keepSealKey(transaction, fresh); });
}

}  // namespace stripe
