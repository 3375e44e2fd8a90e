#include "service_store.hpp"

#include <charconv>
#include <string>

namespace booking {
namespace {

using bulkhead::Row;
using bulkhead::values;

std::string packed(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::vector<int> unpacked(std::string_view text) {
  std::vector<int> numbers;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end; ++at) {
    int number = 0;
    at = std::from_chars(at, end, number).ptr;
    numbers.push_back(number);
  }
  return numbers;
}

std::optional<int> optionalInt(const Row& row, std::size_t column) {
  if (row.isNull(column)) return std::nullopt;
  return static_cast<int>(row.integer(column));
}

Service read(const Row& row) {
  const auto number = [&](std::size_t column) { return static_cast<int>(row.integer(column)); };
  Service noun;
  noun.id = row.string(0);
  noun.name = row.string(1);
  noun.duration_min = number(2);
  noun.other_durations_min = unpacked(row.text(3));
  noun.slot_step_min = number(4);
  noun.buffer_before_min = number(5);
  noun.buffer_after_min = number(6);
  noun.min_notice_min = optionalInt(row, 7);
  noun.horizon_days = optionalInt(row, 8);
  noun.requires_confirmation = row.boolean(9);
  noun.active = row.boolean(10);
  noun.version = row.integer(11);
  noun.created_at = fromEpoch(row.integer(12));
  noun.updated_at = fromEpoch(row.integer(13));
  return noun;
}

}  // namespace

std::optional<Service> ServiceStore::find(bulkhead::ReadTransaction& transaction,
                                          std::string_view tenant, std::string_view id) {
  return transaction.first(
      "select id, name, duration_min, other_durations_min, slot_step_min, buffer_before_min, "
      "buffer_after_min, min_notice_min, horizon_days, requires_confirmation, active, version, "
      "created_at, updated_at from service where tenant = $1 and id = $2",
      values(tenant, id), read);
}

std::vector<Service> ServiceStore::list(bulkhead::ReadTransaction& transaction,
                                        std::string_view tenant, std::string_view after,
                                        std::size_t limit) {
  return transaction.list(
      "select id, name, duration_min, other_durations_min, slot_step_min, buffer_before_min, "
      "buffer_after_min, min_notice_min, horizon_days, requires_confirmation, active, version, "
      "created_at, updated_at from service where tenant = $1 and id > $2 order by id limit $3",
      values(tenant, after, limit), read);
}

void ServiceStore::insert(bulkhead::Transaction& transaction, std::string_view tenant,
                          const Service& noun) {
  const std::string others = packed(noun.other_durations_min);
  transaction.send(
      "insert into service (tenant, id, name, duration_min, other_durations_min, slot_step_min, "
      "buffer_before_min, buffer_after_min, min_notice_min, horizon_days, requires_confirmation, "
      "active, version, created_at, updated_at) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
      values(tenant, noun.id, noun.name, noun.duration_min, others, noun.slot_step_min,
             noun.buffer_before_min, noun.buffer_after_min, noun.min_notice_min, noun.horizon_days,
             noun.requires_confirmation, noun.active, noun.version, epochSeconds(noun.created_at),
             epochSeconds(noun.updated_at)));
}

void ServiceStore::update(bulkhead::Transaction& transaction, std::string_view tenant,
                          const Service& noun) {
  const std::string others = packed(noun.other_durations_min);
  transaction.sendExpecting(
      1, versionConflict(),
      "update service set name = $3, duration_min = $4, other_durations_min = $5, "
      "slot_step_min = $6, buffer_before_min = $7, buffer_after_min = $8, min_notice_min = $9, "
      "horizon_days = $10, requires_confirmation = $11, active = $12, version = $13, "
      "updated_at = $14 where tenant = $1 and id = $2 and version = $13 - 1",
      values(tenant, noun.id, noun.name, noun.duration_min, others, noun.slot_step_min,
             noun.buffer_before_min, noun.buffer_after_min, noun.min_notice_min, noun.horizon_days,
             noun.requires_confirmation, noun.active, noun.version, epochSeconds(noun.updated_at)));
}

bool ServiceStore::isReferenced(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                std::string_view id) {
  return transaction
      .first(
          "select 1 where exists (select 1 from resource_service where tenant = $1 and service = "
          "$2) or exists (select 1 from appointment where tenant = $1 and service = $2)",
          values(tenant, id), [](const Row&) { return true; })
      .has_value();
}

void ServiceStore::erase(bulkhead::Transaction& transaction, std::string_view tenant,
                         std::string_view id) {
  transaction.send("delete from service where tenant = $1 and id = $2", values(tenant, id));
}

}  // namespace booking
