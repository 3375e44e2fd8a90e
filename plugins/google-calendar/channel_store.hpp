#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/transaction.hpp>

namespace google_calendar {

/// A place where Google tells that a calendar has changed. Of its secret only the hash is kept.
struct KeptChannel {
  std::string id;
  std::string tenant;
  std::string calendar;
  std::string token_hash;                  ///< SHA-256 in hex
  std::optional<std::string> resource_id;  ///< once Google has it
  std::optional<std::int64_t> expires_us;
};

std::optional<KeptChannel> findChannel(bulkhead::ReadTransaction& snapshot, std::string_view id);
/// Unless it is there already: a second try with the same id and secret is the same channel.
void insertChannel(bulkhead::Transaction& transaction, const KeptChannel& channel,
                   std::int64_t now_us);
void keepOpened(bulkhead::Transaction& transaction, std::string_view id,
                const std::optional<std::string>& resource_id,
                std::optional<std::int64_t> expires_us);

}  // namespace google_calendar
