#include "schedule_store.hpp"

namespace booking {
namespace {

using bulkhead::ReadTransaction;
using bulkhead::Row;
using bulkhead::Transaction;
using bulkhead::values;

AvailabilityRule readRule(const Row& row) {
  AvailabilityRule rule;
  rule.id = row.string(0);
  rule.weekdays = static_cast<unsigned>(row.integer(1));
  rule.hours = {static_cast<int>(row.integer(2)), static_cast<int>(row.integer(3))};
  fromColumn(row, 4, rule.valid_from);
  fromColumn(row, 5, rule.valid_to);
  if (!row.isNull(6)) {
    rule.weekdays = 0;
    rule.recurrence = Recurrence::parse(row.text(6), rule.valid_from);
  }
  return rule;
}

void eraseRules(Transaction& transaction, std::string_view tenant, std::string_view schedule) {
  transaction.send("delete from schedule_rule where tenant = $1 and schedule = $2",
                   values(tenant, schedule));
}

}  // namespace

void ScheduleRules::read(ReadTransaction& transaction, std::string_view tenant, Schedule& noun) {
  noun.rules = transaction.list(
      "select id, weekdays, begin_min, end_min, valid_from, valid_to, rrule from schedule_rule "
      "where tenant = $1 and schedule = $2 order by id",
      values(tenant, noun.id), readRule);
}

void ScheduleRules::write(Transaction& transaction, std::string_view tenant, const Schedule& noun) {
  constexpr unsigned kEveryWeekday = 127;
  eraseRules(transaction, tenant, noun.id);
  for (const auto& rule : noun.rules) {
    std::optional<std::string> rrule;
    if (rule.recurrence) rrule = rule.recurrence->text();
    transaction.send(
        "insert into schedule_rule (tenant, schedule, id, weekdays, begin_min, end_min, "
        "valid_from, valid_to, rrule) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values(tenant, noun.id, rule.id, rrule ? kEveryWeekday : rule.weekdays,
               rule.hours.begin_min, rule.hours.end_min, toColumn(rule.valid_from),
               toColumn(rule.valid_to), rrule));
  }
}

void ScheduleRules::erase(Transaction& transaction, std::string_view tenant,
                          std::string_view schedule) {
  eraseRules(transaction, tenant, schedule);
  transaction.send("delete from schedule_exception where tenant = $1 and schedule = $2",
                   values(tenant, schedule));
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
