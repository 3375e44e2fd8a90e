#include "assignment_store.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::values;

std::int64_t number(const Row& row) {
  return row.integer(0);
}

}  // namespace

std::int64_t AssignmentStore::lastTurn(ReadTransaction& transaction, std::string_view tenant,
                                       std::string_view service, std::string_view resource) {
  return transaction
      .first(
          "select turn from assignment_turn where tenant = $1 and service = $2 and resource = $3",
          values(tenant, service, resource), number)
      .value_or(0);
}

void AssignmentStore::takeTurn(bulkhead::Transaction& transaction, std::string_view tenant,
                               std::string_view service, std::string_view resource) {
  transaction.send(
      "insert into assignment_turn (tenant, service, resource, turn) select $1, $2, $3, "
      "coalesce(max(turn), 0) + 1 from assignment_turn where tenant = $1 and service = $2 "
      "on conflict (tenant, service, resource) do update set turn = excluded.turn",
      values(tenant, service, resource));
}

std::int64_t AssignmentStore::loadSeconds(ReadTransaction& transaction, std::string_view tenant,
                                          std::string_view resource, const Interval& day,
                                          std::string_view except) {
  return transaction
      .first(
          "select coalesce(sum(block_end - block_start), 0) from appointment_resource "
          "where tenant = $1 and resource = $2 and live = 1 and block_start >= $3 "
          "and block_start < $4 and appointment <> $5",
          values(tenant, resource, epochSeconds(day.begin), epochSeconds(day.end), except), number)
      .value_or(0);
}

}  // namespace booking
