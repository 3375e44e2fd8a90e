#include "event_store.hpp"

#include <limits>

#include <bulkhead/error.hpp>

namespace stripe {

bool storeEvent(bulkhead::Transaction& transaction, const Event& event, std::int64_t received_us) {
  return transaction
      .first(
          "INSERT INTO event (id, type, object_id, livemode, api_version, created_s, received_us, "
          "payload) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7, '') ON CONFLICT (id) DO NOTHING RETURNING 1",
          bulkhead::values(event.id, event.type, event.object_id, event.livemode, event.api_version,
                           event.created_s, received_us),
          [](const bulkhead::Row& row) { return row.integer(0); })
      .has_value();
}

namespace {

/// When the event was received; the end of time for none.
std::int64_t receiptOf(bulkhead::ReadTransaction& transaction, std::string_view id) {
  if (id.empty()) return std::numeric_limits<std::int64_t>::max();
  const auto received_us =
      transaction.first("SELECT received_us FROM event WHERE id = $1", bulkhead::values(id),
                        [](const bulkhead::Row& row) { return row.integer(0); });
  if (!received_us)
    throw bulkhead::Error::validation("VALIDATION_ERROR", "`before` is the id of no stored event.");
  return *received_us;
}

}  // namespace

std::vector<StoredEvent> listEvents(bulkhead::ReadTransaction& transaction, std::string_view before,
                                    std::int64_t limit) {
  return transaction.list(
      "SELECT id, type, object_id, livemode, api_version, created_s, received_us FROM event "
      "WHERE (received_us, id) < ($1, $2) ORDER BY received_us DESC, id DESC LIMIT $3",
      bulkhead::values(receiptOf(transaction, before), before, limit),
      [](const bulkhead::Row& row) {
        StoredEvent stored;
        stored.event.id = row.string(0);
        stored.event.type = row.string(1);
        stored.event.object_id = row.optionalString(2);
        stored.event.livemode = row.boolean(3);
        stored.event.api_version = row.optionalString(4);
        stored.event.created_s = row.integer(5);
        stored.received_us = row.integer(6);
        return stored;
      });
}

}  // namespace stripe
