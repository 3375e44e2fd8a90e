#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

namespace twilio {

/// What was answered to an inbound message.
std::optional<std::string> findReply(bulkhead::ReadTransaction& snapshot, std::string_view sid);
/// Keeps it for a day; gives the one that was there first.
std::string keepReply(bulkhead::Transaction& transaction, std::string_view sid,
                      std::string_view document, std::int64_t now_us);

}  // namespace twilio
