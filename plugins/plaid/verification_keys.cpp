#include "verification_keys.hpp"

#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/signing.hpp>

#include "json_fields.hpp"

namespace plaid {
namespace {

constexpr std::chrono::hours kGood{1};       ///< then Plaid may have ended it
constexpr std::chrono::hours kGoodAway{24};  ///< while Plaid cannot be asked
constexpr std::chrono::minutes kUnknown{5};
constexpr int kAsksInMinute = 20;
constexpr std::size_t kEntriesMax = 200;

}  // namespace

std::optional<VerificationKey> VerificationKeys::find(const bulkhead::Context& context,
                                                      const std::string& id) {
  const auto entry = known(id);
  const Time age = entry ? host_.monotonic() - entry->looked : Time{0};
  if (entry && age < (entry->key ? Time{kGood} : Time{kUnknown})) return entry->key;
  const bool is_usable = entry && entry->key && age < kGoodAway;
  if (!mayAsk()) {
    if (is_usable) return entry->key;
    throw bulkhead::provider::rateLimited("Plaid", 30);
  }
  try {
    const auto key = ask(context, id);
    remember(id, key);
    return key;
  } catch (const bulkhead::Error& error) {
    if (!is_usable) throw;
    host_.warn("A key of Plaid's could not be looked at again", "why", error.code());
    return entry->key;
  }
}

std::optional<VerificationKeys::Entry> VerificationKeys::known(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

bool VerificationKeys::mayAsk() {
  const std::lock_guard lock{mutex_};
  const Time now = host_.monotonic();
  if (asked_in_minute_ == 0 || now - minute_began_ >= std::chrono::minutes{1}) {
    minute_began_ = now;
    asked_in_minute_ = 0;
  }
  if (asked_in_minute_ >= kAsksInMinute) return false;
  ++asked_in_minute_;
  return true;
}

std::optional<VerificationKey> VerificationKeys::ask(const bulkhead::Context& context,
                                                     const std::string& id) const {
  nlohmann::json answer;
  try {
    answer = client_.verificationKey(context, id);
  } catch (const bulkhead::Error& error) {
    if (error.code() == "PROVIDER_REFUSED") return std::nullopt;  // Plaid does not know it
    throw;
  }
  const nlohmann::json* const key = objectIn(answer, "key");
  if (key == nullptr) throw bulkhead::provider::answerInvalid("Plaid");
  const auto ended = key->find("expired_at");
  if (ended != key->end() && !ended->is_null()) return std::nullopt;
  const auto x = bulkhead::fromBase64Url(textIn(*key, "x"));
  const auto y = bulkhead::fromBase64Url(textIn(*key, "y"));
  if (textIn(*key, "crv") != "P-256" || textIn(*key, "kid") != id || !x || !y) return std::nullopt;
  return VerificationKey{*x, *y};
}

void VerificationKeys::remember(const std::string& id, const std::optional<VerificationKey>& key) {
  const std::lock_guard lock{mutex_};
  if (entries_.size() >= kEntriesMax && !entries_.contains(id)) {
    std::erase_if(entries_, [](const auto& entry) { return !entry.second.key; });
    if (entries_.size() >= kEntriesMax) entries_.clear();
  }
  entries_[id] = {key, host_.monotonic()};
}

}  // namespace plaid
