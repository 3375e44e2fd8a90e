#include "schedule_store.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

Schedule read(const Row& row) {
  Schedule noun;
  noun.id = row.string(0);
  noun.name = row.string(1);
  noun.time_zone = row.string(2);
  noun.revision = row.string(3);
  noun.active = row.boolean(4);
  noun.version = row.integer(5);
  noun.created_at = fromEpoch(row.integer(6));
  noun.updated_at = fromEpoch(row.integer(7));
  return noun;
}

std::optional<cctz::civil_day> optionalDate(const Row& row, std::size_t column) {
  return row.isNull(column) ? std::nullopt : parseDate(row.text(column));
}

std::optional<std::string> optionalText(const std::optional<cctz::civil_day>& date) {
  if (!date) return std::nullopt;
  return formatDate(*date);
}

WeeklyRule readRule(const Row& row) {
  return {row.string(0),
          static_cast<unsigned>(row.integer(1)),
          {static_cast<int>(row.integer(2)), static_cast<int>(row.integer(3))},
          optionalDate(row, 4),
          optionalDate(row, 5)};
}

void readRules(ReadTransaction& transaction, std::string_view tenant, Schedule& noun) {
  noun.rules = transaction.list(
      "select id, weekdays, begin_min, end_min, valid_from, valid_to from schedule_rule "
      "where tenant = $1 and schedule = $2 order by id",
      values(tenant, noun.id), readRule);
}

}  // namespace

std::optional<Schedule> ScheduleStore::find(ReadTransaction& transaction, std::string_view tenant,
                                            std::string_view id) {
  auto found = transaction.first(
      "select id, name, time_zone, revision, active, version, created_at, updated_at "
      "from schedule where tenant = $1 and id = $2",
      values(tenant, id), read);
  if (found) readRules(transaction, tenant, *found);
  return found;
}

std::vector<Schedule> ScheduleStore::list(ReadTransaction& transaction, std::string_view tenant,
                                          std::string_view after, std::size_t limit) {
  auto found = transaction.list(
      "select id, name, time_zone, revision, active, version, created_at, updated_at "
      "from schedule where tenant = $1 and id > $2 order by id limit $3",
      values(tenant, after, limit), read);
  for (auto& noun : found) readRules(transaction, tenant, noun);
  return found;
}

void ScheduleStore::insert(Transaction& transaction, std::string_view tenant,
                           const Schedule& noun) {
  transaction.send(
      "insert into schedule (tenant, id, name, time_zone, revision, active, version, created_at, "
      "updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      values(tenant, noun.id, noun.name, noun.time_zone, noun.revision, noun.active, noun.version,
             epochSeconds(noun.created_at), epochSeconds(noun.updated_at)));
  for (const auto& rule : noun.rules) insertRule(transaction, tenant, noun.id, rule);
}

void ScheduleStore::update(Transaction& transaction, std::string_view tenant,
                           const Schedule& noun) {
  transaction.sendExpecting(
      1, versionConflict(),
      "update schedule set name = $3, time_zone = $4, revision = $5, active = $6, version = $7, "
      "updated_at = $8 where tenant = $1 and id = $2 and version = $7 - 1",
      values(tenant, noun.id, noun.name, noun.time_zone, noun.revision, noun.active, noun.version,
             epochSeconds(noun.updated_at)));
  transaction.send("delete from schedule_rule where tenant = $1 and schedule = $2",
                   values(tenant, noun.id));
  for (const auto& rule : noun.rules) insertRule(transaction, tenant, noun.id, rule);
}

bool ScheduleStore::isReferenced(ReadTransaction& transaction, std::string_view tenant,
                                 std::string_view id) {
  return transaction
      .first("select 1 from resource where tenant = $1 and schedule = $2 limit 1",
             values(tenant, id), [](const Row&) { return true; })
      .has_value();
}

void ScheduleStore::erase(Transaction& transaction, std::string_view tenant, std::string_view id) {
  transaction.send("delete from schedule_rule where tenant = $1 and schedule = $2",
                   values(tenant, id));
  transaction.send("delete from schedule_exception where tenant = $1 and schedule = $2",
                   values(tenant, id));
  transaction.send("delete from schedule where tenant = $1 and id = $2", values(tenant, id));
}

void ScheduleStore::insertRule(Transaction& transaction, std::string_view tenant,
                               std::string_view schedule, const WeeklyRule& rule) {
  transaction.send(
      "insert into schedule_rule (tenant, schedule, id, weekdays, begin_min, end_min, valid_from, "
      "valid_to) values ($1, $2, $3, $4, $5, $6, $7, $8)",
      values(tenant, schedule, rule.id, rule.weekdays, rule.hours.begin_min, rule.hours.end_min,
             optionalText(rule.valid_from), optionalText(rule.valid_to)));
}

std::vector<DayException> ScheduleStore::exceptions(ReadTransaction& transaction,
                                                    std::string_view tenant,
                                                    std::string_view schedule) {
  return transaction.list(
      "select id, date, kind, hours from schedule_exception where tenant = $1 and schedule = $2 "
      "order by date, id",
      values(tenant, schedule), [](const Row& row) {
        return DayException{row.string(0), parseDate(row.text(1)).value(),
                            exceptionKindNamed(row.text(2)), unpackedHours(row.text(3))};
      });
}

void ScheduleStore::insertException(Transaction& transaction, std::string_view tenant,
                                    std::string_view schedule, const DayException& exception) {
  const std::string date = formatDate(exception.date);
  const std::string hours = packedHours(exception.hours);
  transaction.send(
      "insert into schedule_exception (tenant, schedule, id, date, kind, hours) "
      "values ($1, $2, $3, $4, $5, $6)",
      values(tenant, schedule, exception.id, date, nameOf(exception.kind), hours));
}

void ScheduleStore::eraseException(Transaction& transaction, std::string_view tenant,
                                   std::string_view schedule, std::string_view exception) {
  transaction.sendExpecting(
      1, notFound("exception", exception),
      "delete from schedule_exception where tenant = $1 and schedule = $2 and id = $3",
      values(tenant, schedule, exception));
}

}  // namespace booking
