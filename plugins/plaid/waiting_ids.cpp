#include "waiting_ids.hpp"

#include <cstring>
#include <string>

#include <bulkhead/signing.hpp>

namespace plaid {

bool WaitingIds::hasReturned(std::string_view id, std::string_view salt, Time now) {
  if (slots_.empty()) slots_.resize(kSlots);
  const std::string hash = bulkhead::sha256(std::string{salt}.append(id));
  std::uint64_t digest = 0;
  std::memcpy(&digest, hash.data(), sizeof digest);
  Slot& slot = slots_[digest % kSlots];
  const Time waited = now - slot.noted;
  const bool is_known = slot.digest == digest && waited < kForgotten;
  if (is_known) return waited >= kReturns;
  slot = {digest, now};
  return false;
}

}  // namespace plaid
