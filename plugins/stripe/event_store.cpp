#include "event_store.hpp"

namespace stripe {

bool storeEvent(bulkhead::Transaction& transaction, const Event& event, std::string_view payload,
                std::int64_t received_us) {
  return transaction
      .first(
          "INSERT INTO event (id, type, object_id, livemode, api_version, created_s, received_us, "
          "payload) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING RETURNING 1",
          bulkhead::values(event.id, event.type, event.object_id, event.livemode, event.api_version,
                           event.created_s, received_us, payload),
          [](const bulkhead::Row& row) { return row.integer(0); })
      .has_value();
}

std::vector<StoredEvent> listEvents(bulkhead::ReadTransaction& transaction, std::int64_t before_us,
                                    std::int64_t limit) {
  return transaction.list(
      "SELECT id, type, object_id, livemode, api_version, created_s, received_us FROM event "
      "WHERE received_us < $1 ORDER BY received_us DESC, id DESC LIMIT $2",
      bulkhead::values(before_us, limit), [](const bulkhead::Row& row) {
        return StoredEvent{{row.string(0), row.string(1), row.optionalString(2),
                            row.optionalString(4), row.boolean(3), row.integer(5)},
                           row.integer(6)};
      });
}

}  // namespace stripe
