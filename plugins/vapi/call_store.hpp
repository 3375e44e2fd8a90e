#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

#include "call.hpp"

namespace vapi {

/// A call of a tenant as it is kept: as little of it as tells what is new. It has Vapi's id as soon
/// as Vapi is known to have it.
struct KeptCall {
  std::string id;
  std::string tenant;
  std::optional<std::string> reference;  ///< of one that a tenant has placed
  std::string vapi_id;
  CallState state = CallState::Queued;
  std::optional<std::int64_t> attempted_us;  ///< of a try whose end is not known
};

std::optional<KeptCall> findByReference(bulkhead::ReadTransaction& snapshot,
                                        std::string_view tenant, std::string_view reference);
std::optional<KeptCall> findByVapiId(bulkhead::ReadTransaction& snapshot, std::string_view vapi_id);
std::optional<KeptCall> findById(bulkhead::ReadTransaction& snapshot, std::string_view id);

void insertCall(bulkhead::Transaction& transaction, const KeptCall& call, std::int64_t now_us);
/// Notes that a try begins at `now`, where the last one was that of `before`; without `now`, that
/// it has rung nobody up. False when another one was there first, or Vapi has the call.
bool noteAttempt(bulkhead::Transaction& transaction, std::string_view id,
                 std::optional<std::int64_t> before, std::optional<std::int64_t> now);
/// What Vapi says of it; ends the try.
void keepAtVapi(bulkhead::Transaction& transaction, std::string_view id, const Call& call);

/// The answer that was given under this key, by whoever was first.
std::string keepAnswer(bulkhead::Transaction& transaction, std::string_view key,
                       std::string_view answer, std::int64_t now_us);
std::optional<std::string> findAnswer(bulkhead::ReadTransaction& snapshot, std::string_view key);

}  // namespace vapi
