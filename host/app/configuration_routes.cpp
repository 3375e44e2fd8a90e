#include "app/configuration_routes.hpp"

#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

namespace bulkhead::host {
namespace {

HostRoute adminRoute(const char* method, const char* path,
                     std::function<HttpResponse(const HttpRequest&)> answer) {
  return {method, path, HostAccess::Admin, "admin", AnsweredOn::AdminLane, std::move(answer),
          false};
}

void writeChange(JsonWriter& out, const ReloadedSetting& setting) {
  out.beginObject();
  if (!setting.plugin.empty()) out.member("plugin", setting.plugin);
  out.member("name", setting.change.name);
  out.member("before", setting.change.before);
  out.member("after", setting.change.after);
  out.member("origin", setting.change.origin);
  out.endObject();
}

HttpResponse reloadAnswer(const ReloadReport& report) {
  if (report.outcome == ReloadReport::Outcome::Refused) {
    throw Error::businessLogic(
        "CONFIGURATION_REFUSED",
        fmt::format("Nothing was changed. {}", fmt::join(report.problems, " ")));
  }
  return HttpResponse::json(200, reloadJson(report));
}

}  // namespace

std::vector<HostRoute> configurationRoutes(
    std::function<std::vector<SettingRow>()> rows,
    std::function<ReloadReport(std::string_view trigger)> reload) {
  const auto answer = [reload = std::move(reload)](const HttpRequest&) {
    return reloadAnswer(reload("administration"));
  };
  return {adminRoute("GET", "/api/admin/config",
                     [rows = std::move(rows)](const HttpRequest&) {
                       return HttpResponse::json(200, toJson([&](JsonWriter& out) {
                                                   out.object("data", [&](JsonWriter& data) {
                                                     data.array(rows(), writeRow);
                                                   });
                                                 }));
                     }),
          adminRoute("POST", "/api/admin/config/reload", answer),
          adminRoute("POST", "/api/monitoring/config/reload", answer)};
}

std::string reloadJson(const ReloadReport& report) {
  return toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("outcome", report.outcomeName());
    out.member("changed", [&](JsonWriter& list) { list.array(report.changed, writeChange); });
    out.member("needs_restart",
               [&](JsonWriter& list) { list.array(report.needs_restart, writeChange); });
    out.endObject();
  });
}

}  // namespace bulkhead::host
