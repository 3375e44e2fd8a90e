#include "channel_store.hpp"

namespace google_calendar {

std::optional<KeptChannel> findChannel(bulkhead::ReadTransaction& snapshot, std::string_view id) {
  return snapshot.first(
      "SELECT id, tenant, calendar, token_hash, resource_id, expires_us FROM channel WHERE id = $1",
      bulkhead::values(id), [](const bulkhead::Row& row) {
        return KeptChannel{row.string(0), row.string(1),         row.string(2),
                           row.string(3), row.optionalString(4), row.optionalInteger(5)};
      });
}

void insertChannel(bulkhead::Transaction& transaction, const KeptChannel& channel,
                   std::int64_t now_us) {
  transaction.send(
      "INSERT INTO channel (id, tenant, calendar, token_hash, created_us) VALUES ($1, $2, $3, $4, "
      "$5) "
      "ON CONFLICT (id) DO NOTHING",
      bulkhead::values(channel.id, channel.tenant, channel.calendar, channel.token_hash, now_us));
}

void keepOpened(bulkhead::Transaction& transaction, std::string_view id,
                const std::optional<std::string>& resource_id,
                std::optional<std::int64_t> expires_us) {
  transaction.send("UPDATE channel SET resource_id = $1, expires_us = $2 WHERE id = $3",
                   bulkhead::values(resource_id, expires_us, id));
}

}  // namespace google_calendar
