#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "message.hpp"

namespace twilio {

/// A message of a tenant as it is kept. It has a SID as soon as Twilio is known to have it.
struct KeptMessage {
  std::string id;
  std::string tenant;
  Draft draft;
  std::optional<Message> at_twilio;
  std::optional<std::int64_t> attempted_us;  ///< of a try whose end is not known
};

std::optional<KeptMessage> findByReference(bulkhead::ReadTransaction& snapshot,
                                           std::string_view tenant, std::string_view reference);
std::optional<KeptMessage> findBySid(bulkhead::ReadTransaction& snapshot, std::string_view sid);
std::optional<KeptMessage> findById(bulkhead::ReadTransaction& snapshot, std::string_view id);
/// The tenant that wrote last to this number from that sender.
std::optional<std::string> findCorrespondent(bulkhead::ReadTransaction& snapshot,
                                             std::string_view recipient, std::string_view sender);

/// A new one, whose first try begins.
void insertMessage(bulkhead::Transaction& transaction, const KeptMessage& message);
/// Notes that a try begins at `now`, where the last one was that of `before`; without `now`, that
/// it has sent nothing. False when another one was there first, or Twilio has the message.
bool noteAttempt(bulkhead::Transaction& transaction, std::string_view id,
                 std::optional<std::int64_t> before, std::optional<std::int64_t> now);
/// What Twilio says of it; ends the try. False when another message has that SID, or this another.
bool keepAtTwilio(bulkhead::Transaction& transaction, std::string_view id, const Message& message);

}  // namespace twilio
