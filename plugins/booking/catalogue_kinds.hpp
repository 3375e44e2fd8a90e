#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include <bulkhead/host.hpp>
#include <bulkhead/json_writer.hpp>

#include "location_store.hpp"
#include "resource_store.hpp"
#include "schedule_store.hpp"
#include "service_store.hpp"

/// What is each record's own in CatalogueRoutes: its members in JSON, and the check before it is
/// stored.
namespace booking {

struct LocationKind {
  using Noun = Location;
  using Store = LocationStore;
  static constexpr std::string_view kPath = "/locations";
  static constexpr std::string_view kNoun = "location";
  static const std::string_view kProperties;
  static constexpr std::string_view kRequired = R"("name","time_zone")";
  static constexpr std::string_view kExample =
      R"({"name":"Main street","time_zone":"America/New_York"})";
  static void fillFrom(const nlohmann::json& body, Noun& noun);
  static void write(bulkhead::JsonWriter& out, const Noun& noun);
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
  static void keepUnwritten(const Noun&, Noun&) {}
};

struct ServiceKind {
  using Noun = Service;
  using Store = ServiceStore;
  static constexpr std::string_view kPath = "/services";
  static constexpr std::string_view kNoun = "service";
  static const std::string_view kProperties;
  static constexpr std::string_view kRequired = R"("name","duration_min")";
  static constexpr std::string_view kExample = R"({"name":"Haircut","duration_min":30})";
  static void fillFrom(const nlohmann::json& body, Noun& noun);
  static void write(bulkhead::JsonWriter& out, const Noun& noun);
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
  static void keepUnwritten(const Noun&, Noun&) {}
};

struct ResourceKind {
  using Noun = Resource;
  using Store = ResourceStore;
  static constexpr std::string_view kPath = "/resources";
  static constexpr std::string_view kNoun = "resource";
  static const std::string_view kProperties;
  static constexpr std::string_view kRequired = R"("name","schedule")";
  static constexpr std::string_view kExample =
      R"({"name":"Anna","schedule":"weekdays","services":["haircut"]})";
  static void fillFrom(const nlohmann::json& body, Noun& noun);
  static void write(bulkhead::JsonWriter& out, const Noun& noun);
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
  static void keepUnwritten(const Noun&, Noun&) {}
};

struct ScheduleKind {
  using Noun = Schedule;
  using Store = ScheduleStore;
  static constexpr std::string_view kPath = "/schedules";
  static constexpr std::string_view kNoun = "schedule";
  static const std::string kProperties;
  static constexpr std::string_view kRequired = R"("name","time_zone")";
  static constexpr std::string_view kExample =
      R"({"name":"Weekdays","time_zone":"America/New_York",)"
      R"("rules":[{"weekdays":["MO","TU","WE","TH","FR"],"start":"09:00","end":"12:00"}]})";
  static void fillFrom(const nlohmann::json& body, Noun& noun);
  static void write(bulkhead::JsonWriter& out, const Noun& noun);
  static void prepare(bulkhead::Transaction& transaction, std::string_view tenant, Noun& noun,
                      const bulkhead::Host& host);
  static void keepUnwritten(const Noun& existing, Noun& wanted) {
    wanted.revision = existing.revision;
  }
};

/// One rule or exception in JSON.
std::string_view ruleProperties();
std::string_view exceptionProperties();
void fillFrom(const nlohmann::json& body, WeeklyRule& rule);
void fillFrom(const nlohmann::json& body, DayException& exception);
void write(bulkhead::JsonWriter& out, const WeeklyRule& rule);
void write(bulkhead::JsonWriter& out, const DayException& exception);

}  // namespace booking
