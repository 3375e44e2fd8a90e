#include "message_store.hpp"

namespace twilio {
namespace {

std::string selecting(std::string_view condition) {
  return "SELECT id, tenant, reference, recipient, sender, text, sid, progress, error_code, "
         "segments, attempted_us FROM message WHERE " +
         std::string{condition};
}

KeptMessage messageFrom(const bulkhead::Row& row) {
  KeptMessage message{.id = row.string(0),
                      .tenant = row.string(1),
                      .draft = {.to = row.string(3),
                                .text = row.string(5),
                                .sender = row.string(4),
                                .reference = row.string(2)},
                      .at_twilio = std::nullopt,
                      .attempted_us = row.optionalInteger(10)};
  if (!row.isNull(6)) {
    message.at_twilio = Message{.sid = row.string(6),
                                .progress = progressNamed(row.text(7)).value_or(Progress::Queued),
                                .error_code = row.optionalString(8),
                                .segments = row.optionalInteger(9)};
  }
  return message;
}

}  // namespace

std::optional<KeptMessage> findByReference(bulkhead::ReadTransaction& snapshot,
                                           std::string_view tenant, std::string_view reference) {
  return snapshot.first(selecting("tenant = $1 AND reference = $2"),
                        bulkhead::values(tenant, reference), messageFrom);
}

std::optional<KeptMessage> findBySid(bulkhead::ReadTransaction& snapshot, std::string_view sid) {
  return snapshot.first(selecting("sid = $1"), bulkhead::values(sid), messageFrom);
}

std::optional<KeptMessage> findById(bulkhead::ReadTransaction& snapshot, std::string_view id) {
  return snapshot.first(selecting("id = $1"), bulkhead::values(id), messageFrom);
}

std::optional<std::string> findCorrespondent(bulkhead::ReadTransaction& snapshot,
                                             std::string_view recipient, std::string_view sender) {
  return snapshot.first(
      "SELECT tenant FROM message WHERE recipient = $1 AND sid IS NOT NULL AND (sender = $2 OR "
      "sender LIKE 'MG%') ORDER BY created_us DESC LIMIT 1",
      bulkhead::values(recipient, sender), [](const bulkhead::Row& row) { return row.string(0); });
}

void insertMessage(bulkhead::Transaction& transaction, const KeptMessage& message) {
  const Draft& draft = message.draft;
  transaction.send(
      "INSERT INTO message (id, tenant, reference, recipient, sender, text, progress, "
      "attempted_us, "
      "created_us) VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $7)",
      bulkhead::values(message.id, message.tenant, draft.reference, draft.to, draft.sender,
                       draft.text, message.attempted_us));
}

bool noteAttempt(bulkhead::Transaction& transaction, std::string_view id,
                 std::optional<std::int64_t> before, std::optional<std::int64_t> now) {
  return transaction
      .first(
          "UPDATE message SET attempted_us = $1 WHERE id = $2 AND (attempted_us = $3 OR "
          "(attempted_us IS NULL AND cast($3 AS BIGINT) IS NULL)) "
          "AND sid IS NULL RETURNING 1",
          bulkhead::values(now, id, before),
          [](const bulkhead::Row& row) { return row.integer(0); })
      .has_value();
}

bool keepAtTwilio(bulkhead::Transaction& transaction, std::string_view id, const Message& message) {
  return transaction
      .first(
          "UPDATE message SET sid = $1, progress = $2, error_code = $3, segments = $4, "
          "attempted_us "
          "= NULL WHERE id = $5 AND (sid IS NULL OR sid = $1) "
          "AND NOT EXISTS (SELECT 1 FROM message WHERE sid = $1 AND id <> $5) RETURNING 1",
          bulkhead::values(message.sid, nameOf(message.progress), message.error_code,
                           message.segments, id),
          [](const bulkhead::Row& row) { return row.integer(0); })
      .has_value();
}

}  // namespace twilio
