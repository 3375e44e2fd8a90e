#include "app/log_routes.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "logging/log.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {
namespace {

constexpr int kSecondsDefault = 600;
constexpr int kSecondsMax = 86'400;

LogSystem& logSystem() {
  if (LogSystem* logging = LogSystem::current()) return *logging;
  throw Error::app("NO_LOG", "This process has no log.");
}

std::optional<std::string> parameter(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

HttpResponse levels() {
  const LogSystem& logging = logSystem();
  return HttpResponse::json(
      200, toJson([&](JsonWriter& out) {
        out.object(
            "level", levelName(logging.level()), "configured", levelName(logging.configuredLevel()),
            "seconds_left",
            std::chrono::duration_cast<std::chrono::seconds>(logging.levelTimeLeft()).count());
      }));
}

int secondsOf(const HttpRequest& request) {
  const auto text = parameter(request, "seconds");
  if (!text) return kSecondsDefault;
  int seconds = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), seconds);
  const bool whole = read.ec == std::errc{} && read.ptr == text->data() + text->size();
  if (!whole || seconds < 1 || seconds > kSecondsMax)
    throw Error::validation("VALIDATION_ERROR", "seconds is a whole number from 1 to 86400.");
  return seconds;
}

HttpResponse setLevel(const HttpRequest& request) {
  const auto word = parameter(request, "level");
  const auto level = word ? findLevel(*word) : std::nullopt;
  if (!level)
    throw Error::validation("VALIDATION_ERROR", "level is debug, info, warn, error or fatal.");
  const int seconds = secondsOf(request);
  const std::string& key = request.principal.key_id;
  log(Level::Warn, "config", "Log level changed for a time",
      {{"newLevel", levelName(*level)},
       {"seconds", seconds},
       {"by", key.empty() ? request.peer.address.text() : key}});
  logSystem().setLevel(*level, std::chrono::seconds{seconds});
  return levels();
}

}  // namespace

std::vector<HostRoute> logRoutes() {
  return {{"GET", "/api/admin/log", HostAccess::Admin, "admin", AnsweredOn::AdminLane,
           [](const HttpRequest&) { return levels(); }, false},
          {"POST", "/api/admin/log", HostAccess::Admin, "admin", AnsweredOn::AdminLane, setLevel,
           false}};
}

}  // namespace bulkhead::host
