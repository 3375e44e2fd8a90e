#include "catalogue_kinds.hpp"

#include <algorithm>
#include <set>

#include "body.hpp"
#include "schedule_json.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::Transaction;
using nlohmann::json;

template <class Store>
void requireExists(Transaction& transaction, std::string_view tenant, std::string_view noun,
                   const std::string& id) {
  if (!Store::find(transaction, tenant, id)) throw notFound(noun, id);
}

/// What a schema cannot say of a service's questions.
void checkQuestions(const json& questions) {
  std::set<std::string> ids;
  for (const auto& one : questions) {
    const auto id = one.at("id").get<std::string>();
    if (!ids.insert(id).second) throw invalidField("questions/id", id, "given once");
    const bool has_options = one.contains("options") && !one.at("options").empty();
    if (has_options != (one.at("type") == "choice")) {
      throw invalidField("questions/options", id,
                         "a list where the type is \"choice\", and left out elsewhere");
    }
  }
}

/// A calendar is named by both or not at all.
void checkCalendar(const Resource& noun) {
  if (noun.calendar_connection.has_value() == noun.calendar.has_value()) return;
  throw invalidField("calendar", noun.calendar.value_or(""),
                     "given together with calendar_connection, or left out with it");
}

}  // namespace

void LocationKind::prepare(Transaction&, std::string_view, Location& noun, const bulkhead::Host&) {
  noun.check();
}

void ServiceKind::prepare(Transaction& transaction, std::string_view tenant, Service& noun,
                          const bulkhead::Host&) {
  noun.check();
  checkQuestions(json::parse(noun.questions.text));
  if (noun.schedule) requireExists<ScheduleStore>(transaction, tenant, "schedule", *noun.schedule);
}

std::string ResourceKind::moreProperties() {
  return R"(,"services":{"type":"array","maxItems":200,"items":{"type":"string","maxLength":64}})";
}

void ResourceKind::fillMore(const json& body, Resource& noun) {
  take(body, "services", noun.services);
  std::sort(noun.services.begin(), noun.services.end());
  noun.services.erase(std::unique(noun.services.begin(), noun.services.end()), noun.services.end());
}

void ResourceKind::writeMore(JsonWriter& out, const Resource& noun) {
  out.key("services");
  out.array(noun.services, [](JsonWriter& one, const std::string& id) { one.value(id); });
}

void ResourceKind::prepare(Transaction& transaction, std::string_view tenant, Resource& noun,
                           const bulkhead::Host&) {
  requireExists<ScheduleStore>(transaction, tenant, "schedule", noun.schedule);
  if (noun.location) requireExists<LocationStore>(transaction, tenant, "location", *noun.location);
  if (noun.time_zone) Zone::get(*noun.time_zone);
  checkCalendar(noun);
}

std::string ScheduleKind::moreProperties() {
  return R"(,"rules":{"type":"array","maxItems":100,"items":{"type":"object",)"
         R"("additionalProperties":false,"required":["start","end"],"properties":{)"
         R"("id":{"type":"string","maxLength":64},)" +
         std::string{ruleProperties()} + "}}}";
}

void ScheduleKind::fillMore(const json& body, Schedule& noun) {
  if (const auto rules = body.find("rules"); rules != body.end()) fillRules(*rules, noun);
}

void ScheduleKind::writeMore(JsonWriter& out, const Schedule& noun) {
  out.key("rules");
  out.array(noun.rules,
            [](JsonWriter& one, const AvailabilityRule& rule) { booking::write(one, rule); });
}

void ScheduleKind::prepare(Transaction&, std::string_view, Schedule& noun,
                           const bulkhead::Host& host) {
  noun.check();
  noun.revision = host.newId();
}

void BlockedPeriodKind::prepare(Transaction&, std::string_view, BlockedPeriod& noun,
                                const bulkhead::Host&) {
  noun.settle();
}

void TimeOffKind::prepare(Transaction& transaction, std::string_view tenant, TimeOff& noun,
                          const bulkhead::Host&) {
  noun.settle();
  requireExists<ResourceStore>(transaction, tenant, "resource", noun.resource);
}

}  // namespace booking
