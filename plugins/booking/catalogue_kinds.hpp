#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>
#include <bulkhead/json_writer.hpp>

#include "closure_store.hpp"
#include "location_store.hpp"
#include "resource_store.hpp"
#include "schedule_store.hpp"
#include "service_store.hpp"

/// What is each record's own in CatalogueRoutes, beside its fields: its address, an example, and
/// the check before it is stored.
namespace booking {

/// A record whose JSON is its fields. `Of` is the record, `In` its store.
template <class Of, class In>
struct PlainKind {
  using Noun = Of;
  using Store = In;
  /// Members of the JSON beside the fields: their schemas (each behind a comma), how they are read
  /// and written, and what an update keeps of the record that was there.
  static std::string moreProperties() { return {}; }
  static void fillMore(const nlohmann::json&, Noun&) {}
  static void writeMore(bulkhead::JsonWriter&, const Noun&) {}
  static void keepUnwritten(const Noun&, Noun&) {}
};

struct LocationKind : PlainKind<Location, LocationStore> {
  static constexpr std::string_view kPath = "/locations";
  static constexpr std::string_view kNoun = "location";
  static constexpr std::string_view kRequired = R"("name","time_zone")";
  static constexpr std::string_view kExample =
      R"({"name":"Main street","time_zone":"America/New_York"})";
  static constexpr std::string_view kPatchExample = R"({"address":"1 Main St"})";
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
};

struct ServiceKind : PlainKind<Service, ServiceStore> {
  static constexpr std::string_view kPath = "/services";
  static constexpr std::string_view kNoun = "service";
  static constexpr std::string_view kRequired = R"("name","duration_min")";
  static constexpr std::string_view kExample =
      R"({"name":"Haircut","category":"Hair","duration_min":30,"other_durations_min":[60],)"
      R"("buffer_after_min":5,"price":{"amount":3500,"currency":"USD"},"lead_max_per_day":1,)"
      R"("questions":[{"id":"first_time","label":"Is it your first visit?","type":"boolean"}]})";
  static constexpr std::string_view kPatchExample = R"({"price":{"amount":3800,"currency":"USD"}})";
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
};

struct ResourceKind : PlainKind<Resource, ResourceStore> {
  static constexpr std::string_view kPath = "/resources";
  static constexpr std::string_view kNoun = "resource";
  static constexpr std::string_view kRequired = R"("name","schedule")";
  static constexpr std::string_view kExample =
      R"({"name":"Anna","schedule":"weekdays","services":["haircut"]})";
  static constexpr std::string_view kPatchExample = R"({"priority":10})";
  static std::string moreProperties();
  static void fillMore(const nlohmann::json& body, Noun& noun);
  static void writeMore(bulkhead::JsonWriter& out, const Noun& noun);
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
};

struct ScheduleKind : PlainKind<Schedule, ScheduleStore> {
  static constexpr std::string_view kPath = "/schedules";
  static constexpr std::string_view kNoun = "schedule";
  static constexpr std::string_view kRequired = R"("name","time_zone")";
  static constexpr std::string_view kExample =
      R"({"name":"Weekdays","time_zone":"America/New_York",)"
      R"("rules":[{"weekdays":["MO","TU","WE","TH","FR"],"start":"09:00","end":"12:00"},)"
      R"({"rrule":"FREQ=MONTHLY;BYDAY=1SA","start":"10:00","end":"14:00"}]})";
  static constexpr std::string_view kPatchExample = R"({"name":"Weekdays and a Saturday"})";
  static std::string moreProperties();
  static void fillMore(const nlohmann::json& body, Noun& noun);
  static void writeMore(bulkhead::JsonWriter& out, const Noun& noun);
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
  static void keepUnwritten(const Noun& existing, Noun& wanted) {
    wanted.revision = existing.revision;
  }
};

struct BlockedPeriodKind : PlainKind<BlockedPeriod, BlockedPeriodStore> {
  static constexpr std::string_view kPath = "/blocked-periods";
  static constexpr std::string_view kNoun = "blocked period";
  static constexpr std::string_view kRequired = R"("reason","start","end")";
  static constexpr std::string_view kExample =
      R"({"reason":"Stocktaking","start":"2026-12-28","end":"2026-12-31"})";
  static constexpr std::string_view kPatchExample = R"({"end":"2027-01-02"})";
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
};

struct TimeOffKind : PlainKind<TimeOff, TimeOffStore> {
  static constexpr std::string_view kPath = "/time-off";
  static constexpr std::string_view kNoun = "time off";
  static constexpr std::string_view kRequired = R"("resource","reason","start","end")";
  static constexpr std::string_view kExample =
      R"({"resource":"anna","reason":"Dentist","start":"2026-12-01T13:00","end":"2026-12-01T15:00"})";
  static constexpr std::string_view kPatchExample =
      R"({"end":"2026-12-01T16:00","start":"2026-12-01T13:00"})";
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
};

}  // namespace booking
