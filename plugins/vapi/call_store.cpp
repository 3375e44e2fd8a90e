#include "call_store.hpp"

namespace vapi {
namespace {

/// An assistant repeats a question within minutes; a day is more than enough.
constexpr std::int64_t kAnswersKeptUs = 24LL * 3600 * 1'000'000;

std::string selecting(std::string_view condition) {
  return "SELECT id, tenant, reference, vapi_id, state, attempted_us FROM call WHERE " +
         std::string{condition};
}

KeptCall callFrom(const bulkhead::Row& row) {
  return {.id = row.string(0),
          .tenant = row.string(1),
          .reference = row.optionalString(2),
          .vapi_id = row.optionalString(3).value_or(std::string{}),
          .state = stateNamed(row.text(4)).value_or(CallState::Queued),
          .attempted_us = row.optionalInteger(5)};
}

}  // namespace

std::optional<KeptCall> findByReference(bulkhead::ReadTransaction& snapshot,
                                        std::string_view tenant, std::string_view reference) {
  return snapshot.first(selecting("tenant = $1 AND reference = $2"),
                        bulkhead::values(tenant, reference), callFrom);
}

std::optional<KeptCall> findByVapiId(bulkhead::ReadTransaction& snapshot,
                                     std::string_view vapi_id) {
  return snapshot.first(selecting("vapi_id = $1"), bulkhead::values(vapi_id), callFrom);
}

std::optional<KeptCall> findById(bulkhead::ReadTransaction& snapshot, std::string_view id) {
  return snapshot.first(selecting("id = $1"), bulkhead::values(id), callFrom);
}

void insertCall(bulkhead::Transaction& transaction, const KeptCall& call, std::int64_t now_us) {
  transaction.send(
      "INSERT INTO call (id, tenant, reference, state, attempted_us, created_us) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      bulkhead::values(call.id, call.tenant, call.reference, nameOf(call.state), call.attempted_us,
                       now_us));
}

bool noteAttempt(bulkhead::Transaction& transaction, std::string_view id,
                 std::optional<std::int64_t> before, std::optional<std::int64_t> now) {
  return transaction
      .first(
          "UPDATE call SET attempted_us = $1 WHERE id = $2 AND (attempted_us = $3 OR "
          "(attempted_us IS NULL AND cast($3 AS BIGINT) IS NULL)) "
          "AND vapi_id IS NULL RETURNING 1",
          bulkhead::values(now, id, before),
          [](const bulkhead::Row& row) { return row.integer(0); })
      .has_value();
}

void keepAtVapi(bulkhead::Transaction& transaction, std::string_view id, const Call& call) {
  transaction.send(
      "UPDATE call SET vapi_id = $1, state = $2, ended_reason = $3, attempted_us = NULL "
      "WHERE id = $4",
      bulkhead::values(call.id, nameOf(call.state), call.ended_reason, id));
}

std::string keepAnswer(bulkhead::Transaction& transaction, std::string_view key,
                       std::string_view answer, std::int64_t now_us) {
  transaction.send("DELETE FROM answer WHERE created_us < $1",
                   bulkhead::values(now_us - kAnswersKeptUs));
  transaction.send(
      "INSERT INTO answer (key, answer, created_us) VALUES ($1, $2, $3) ON CONFLICT (key) DO "
      "NOTHING",
      bulkhead::values(key, answer, now_us));
  return findAnswer(transaction, key).value_or(std::string{answer});
}

std::optional<std::string> findAnswer(bulkhead::ReadTransaction& snapshot, std::string_view key) {
  return snapshot.first("SELECT answer FROM answer WHERE key = $1", bulkhead::values(key),
                        [](const bulkhead::Row& row) { return row.string(0); });
}

}  // namespace vapi
