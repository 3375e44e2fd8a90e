#include "schedule_routes.hpp"

#include <algorithm>
#include <string>

#include "body.hpp"
#include "catalogue_kinds.hpp"
#include "exchange.hpp"
#include "record_json.hpp"
#include "schedule_json.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

constexpr std::string_view kRuleExample =
    R"({"weekdays":["MO","WE"],"start":"09:00","end":"12:00"})";
constexpr std::string_view kExceptionExample = R"({"date":"2026-12-24","kind":"closed"})";

constexpr std::string_view kDates =
    R"({"type":"object","properties":{"from":{"type":"string","maxLength":10},)"
    R"("to":{"type":"string","maxLength":10}}})";

std::optional<cctz::civil_day> queryDate(const Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  const auto date = parseDate(*text);
  if (!date) throw invalidField(name, *text, "a date such as \"2026-01-31\"");
  return date;
}

std::string responseSchema(std::string_view properties) {
  return R"({"type":"object","properties":{"id":{"type":"string"},)" + std::string{properties} +
         "}}";
}

std::string listSchema(std::string_view properties) {
  return R"({"type":"object","properties":{"items":{"type":"array","items":)" +
         responseSchema(properties) + "}}}";
}

template <class Item>
Response answer(int status, const Schedule& schedule, const Item& item) {
  return versioned(status, schedule.version, [&](JsonWriter& out) { write(out, item); });
}

template <class Items>
Response answerAll(const Schedule& schedule, const Items& items) {
  return versioned(200, schedule.version, [&](JsonWriter& out) {
    out.beginObject();
    out.key("items");
    out.array(items, [](JsonWriter& one, const auto& item) { write(one, item); });
    out.endObject();
  });
}

void requireScheduleMatch(const Request& request, const Schedule& schedule) {
  requireMatch(request, schedule.version, [&](JsonWriter& out) {
    out.beginObject();
    out.member("id", schedule.id);
    writeFields(out, schedule);
    ScheduleKind::writeMore(out, schedule);
    out.member("version", schedule.version);
    out.endObject();
  });
}

auto findRule(Schedule& schedule, std::string_view id) {
  const auto found = std::find_if(schedule.rules.begin(), schedule.rules.end(),
                                  [&](const AvailabilityRule& rule) { return rule.id == id; });
  if (found == schedule.rules.end()) throw notFound("rule", id);
  return found;
}

}  // namespace

ScheduleRoutes::ScheduleRoutes(bulkhead::Registrar& host) : host_{host.host()} {
  registerRules(host);
  registerExceptions(host);
}

void ScheduleRoutes::registerRules(bulkhead::Registrar& host) {
  const std::string rule = bodySchema(ruleProperties(), R"("start","end")");
  const std::string shown = responseSchema(ruleProperties());
  host.route(
      {.method = "POST",
       .path = "/schedules/{id}/rules",
       .scope = "booking:configure",
       .summary = "Adds a rule",
       .request = rule,
       .response = shown,
       .success = 201,
       .errors = {"NOT_FOUND"},
       .example = kRuleExample,
       .idempotency = bulkhead::Idempotency::Required},
      [this](const Request& request, Transaction& write) { return addRule(request, write); });
  host.route({.method = "GET",
              .path = "/schedules/{id}/rules",
              .scope = "booking:read",
              .summary = "Lists a schedule's rules",
              .response = listSchema(ruleProperties()),
              .errors = {"NOT_FOUND"}},
             [this](const Request& request, ReadTransaction& read) {
               const Schedule schedule = get(read, request);
               return answerAll(schedule, schedule.rules);
             });
  host.route(
      {.method = "PUT",
       .path = "/schedules/{id}/rules/{rule}",
       .scope = "booking:configure",
       .summary = "Replaces a rule",
       .request = rule,
       .response = shown,
       .errors = {"NOT_FOUND", "VERSION_CONFLICT"},
       .example = kRuleExample,
       .if_match = true},
      [this](const Request& request, Transaction& write) { return replaceRule(request, write); });
  host.route(
      {.method = "DELETE",
       .path = "/schedules/{id}/rules/{rule}",
       .scope = "booking:configure",
       .summary = "Takes a rule away",
       .success = 204,
       .errors = {"NOT_FOUND", "VERSION_CONFLICT"},
       .if_match = true},
      [this](const Request& request, Transaction& write) { return removeRule(request, write); });
}

void ScheduleRoutes::registerExceptions(bulkhead::Registrar& host) {
  host.route(
      {.method = "POST",
       .path = "/schedules/{id}/exceptions",
       .scope = "booking:configure",
       .summary = "Adds what one date does differently",
       .request = bodySchema(exceptionProperties(), R"("date","kind")"),
       .response = responseSchema(exceptionProperties()),
       .success = 201,
       .errors = {"NOT_FOUND"},
       .example = kExceptionExample,
       .idempotency = bulkhead::Idempotency::Required},
      [this](const Request& request, Transaction& write) { return addException(request, write); });
  host.route(
      {.method = "GET",
       .path = "/schedules/{id}/exceptions",
       .scope = "booking:read",
       .summary =
           "Lists a schedule's exceptions by date, of the dates from..to where they are given",
       .query = kDates,
       .response = listSchema(exceptionProperties()),
       .errors = {"NOT_FOUND"}},
      [this](const Request& request, ReadTransaction& read) {
        return listExceptions(request, read);
      });
  host.route({.method = "PUT",
              .path = "/schedules/{id}/exceptions/{exception}",
              .scope = "booking:configure",
              .summary = "Replaces an exception",
              .request = bodySchema(exceptionProperties(), R"("date","kind")"),
              .response = responseSchema(exceptionProperties()),
              .errors = {"NOT_FOUND", "VERSION_CONFLICT"},
              .example = kExceptionExample,
              .if_match = true},
             [this](const Request& request, Transaction& write) {
               return replaceException(request, write);
             });
  host.route({.method = "DELETE",
              .path = "/schedules/{id}/exceptions/{exception}",
              .scope = "booking:configure",
              .summary = "Takes an exception away",
              .success = 204,
              .errors = {"NOT_FOUND", "VERSION_CONFLICT"},
              .if_match = true},
             [this](const Request& request, Transaction& write) {
               return removeException(request, write);
             });
}

Schedule ScheduleRoutes::get(ReadTransaction& read, const Request& request) const {
  auto found = ScheduleStore::find(read, request.tenant(), request.param("id"));
  if (!found) throw notFound("schedule", request.param("id"));
  return std::move(*found);
}

void ScheduleRoutes::renew(Transaction& write, std::string_view tenant, Schedule& schedule) const {
  schedule.check();
  schedule.revision = host_.newId();
  schedule.updated_at = std::chrono::floor<seconds>(host_.now());
  ++schedule.version;
  ScheduleStore::update(write, tenant, schedule);
}

Response ScheduleRoutes::addRule(const Request& request, Transaction& write) const {
  Schedule schedule = get(write, request);
  AvailabilityRule rule;
  rule.id = host_.newId();
  fillFrom(bodyOf(request), rule);
  schedule.rules.push_back(rule);
  renew(write, request.tenant(), schedule);
  return answer(201, schedule, rule);
}

Response ScheduleRoutes::replaceRule(const Request& request, Transaction& write) const {
  Schedule schedule = get(write, request);
  requireScheduleMatch(request, schedule);
  const auto rule = findRule(schedule, request.param("rule"));
  AvailabilityRule wanted;
  wanted.id = rule->id;
  fillFrom(bodyOf(request), wanted);
  *rule = wanted;
  renew(write, request.tenant(), schedule);
  return answer(200, schedule, wanted);
}

Response ScheduleRoutes::removeRule(const Request& request, Transaction& write) const {
  Schedule schedule = get(write, request);
  requireScheduleMatch(request, schedule);
  schedule.rules.erase(findRule(schedule, request.param("rule")));
  renew(write, request.tenant(), schedule);
  return Response::noContent().withHeader("ETag", bulkhead::entityTag(schedule.version));
}

Response ScheduleRoutes::addException(const Request& request, Transaction& write) const {
  Schedule schedule = get(write, request);
  DayException exception;
  exception.id = host_.newId();
  fillFrom(bodyOf(request), exception);
  check(exception);
  const auto known = ScheduleStore::exceptions(write, request.tenant(), schedule.id);
  if (known.size() >= Schedule::kExceptionsMax) {
    throw invalidField("exceptions", std::to_string(known.size()) + " exceptions",
                       "fewer; take past ones away");
  }
  ScheduleStore::insertException(write, request.tenant(), schedule.id, exception);
  renew(write, request.tenant(), schedule);
  return answer(201, schedule, exception);
}

Response ScheduleRoutes::listExceptions(const Request& request, ReadTransaction& read) const {
  const Schedule schedule = get(read, request);
  const auto from = queryDate(request, "from");
  const auto to = queryDate(request, "to");
  auto exceptions = ScheduleStore::exceptions(read, request.tenant(), schedule.id);
  std::erase_if(exceptions, [&](const DayException& one) {
    return (from && one.date < *from) || (to && *to < one.date);
  });
  return answerAll(schedule, exceptions);
}

Response ScheduleRoutes::replaceException(const Request& request, Transaction& write) const {
  Schedule schedule = get(write, request);
  requireScheduleMatch(request, schedule);
  DayException exception;
  exception.id = request.param("exception");
  fillFrom(bodyOf(request), exception);
  check(exception);
  ScheduleStore::eraseException(write, request.tenant(), schedule.id, exception.id);
  ScheduleStore::insertException(write, request.tenant(), schedule.id, exception);
  renew(write, request.tenant(), schedule);
  return answer(200, schedule, exception);
}

Response ScheduleRoutes::removeException(const Request& request, Transaction& write) const {
  Schedule schedule = get(write, request);
  requireScheduleMatch(request, schedule);
  ScheduleStore::eraseException(write, request.tenant(), schedule.id, request.param("exception"));
  renew(write, request.tenant(), schedule);
  return Response::noContent().withHeader("ETag", bulkhead::entityTag(schedule.version));
}

}  // namespace booking
