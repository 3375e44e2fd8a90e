#include "verification_keys.hpp"

#include <algorithm>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/signing.hpp>

#include "key_store.hpp"

namespace plaid {
namespace {

using bulkhead::textIn;

constexpr std::chrono::hours kGood{1};       ///< then Plaid may have ended it
constexpr std::chrono::hours kGoodAway{24};  ///< while Plaid cannot be asked
constexpr std::chrono::minutes kUnknown{5};
constexpr std::size_t kEntriesMax = 200;

}  // namespace

std::optional<VerificationKey> VerificationKeys::find(const bulkhead::Context& context,
                                                      const std::string& id) {
  loadOnce(context);
  const auto entry = known(id);
  const Time age = entry ? host_.monotonic() - entry->looked : Time{0};
  if (entry && age < (entry->key ? Time{kGood} : Time{kUnknown})) return entry->key;
  const bool is_known = entry && entry->key;
  const bool is_usable = is_known && age < kGoodAway;
  if (is_known ? !mayAskAgain() : !mayAskForStranger(id)) {
    if (is_usable) return entry->key;
    throw bulkhead::provider::rateLimited("Plaid", 30);
  }
  try {
    auto key = ask(context, id);
    keep(context, id, key, is_known);
    return key;
  } catch (const bulkhead::Error& error) {
    if (!is_usable) throw;
    host_.warn("A key of Plaid's could not be looked at again", "why", error.code());
    return entry->key;
  }
}

/// What was known before a restart is looked at again, as known keys are.
void VerificationKeys::loadOnce(const bulkhead::Context& context) {
  {
    const std::lock_guard lock{mutex_};
    if (is_loaded_) return;
  }
  const auto keys =
      host_.read(context, [](bulkhead::ReadTransaction& snapshot) { return listKeys(snapshot); });
  const std::lock_guard lock{mutex_};
  for (const KnownKey& kept : keys) {
    const Time age{host_.now().time_since_epoch().count() - kept.looked_us};
    entries_.try_emplace(kept.id, Entry{kept.key, host_.monotonic() - std::max<Time>(age, kGood)});
  }
  is_loaded_ = true;
}

/// Strangers' keys are many, and stay out of the store.
void VerificationKeys::keep(const bulkhead::Context& context, const std::string& id,
                            const std::optional<VerificationKey>& key, bool was_known) {
  if (key || was_known) {
    host_.write(context, [&](bulkhead::Transaction& transaction) {
      keepKey(transaction, id, key, host_.now().time_since_epoch().count());
    });
  }
  remember(id, key);
}

std::optional<VerificationKeys::Entry> VerificationKeys::known(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

bool VerificationKeys::Allowance::take(Time now) {
  if (taken == 0 || now - began >= std::chrono::minutes{1}) {
    began = now;
    taken = 0;
  }
  if (taken >= in_minute) return false;
  ++taken;
  return true;
}

bool VerificationKeys::mayAskAgain() {
  const std::lock_guard lock{mutex_};
  return for_known_.take(host_.monotonic());
}

bool VerificationKeys::mayAskForStranger(const std::string& id) {
  const std::lock_guard lock{mutex_};
  const Time now = host_.monotonic();
  if (for_new_.take(now)) return true;
  if (salt_.empty()) salt_ = host_.randomBytes(16);
  return waiting_.hasReturned(id, salt_, now) && for_returned_.take(now);
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
  const nlohmann::json* const key = bulkhead::objectIn(answer, "key");
  if (key == nullptr) throw bulkhead::provider::answerInvalid("Plaid");
  if (!bulkhead::memberIn(*key, "expired_at").is_null()) return std::nullopt;
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
