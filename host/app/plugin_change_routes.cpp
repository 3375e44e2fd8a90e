#include "app/plugin_change_routes.hpp"

#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> patienceOf(const HttpRequest& request) {
  const std::string* text = request.queryValue("patience_ms");
  if (text == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc{} || read.ptr != text->data() + text->size() || number < 0 ||
      number > kPluginPatienceMax.count()) {
    throw Error::validation(
        "VALIDATION_ERROR",
        fmt::format("'patience_ms' is a whole number from 0 to {}.", kPluginPatienceMax.count()));
  }
  return milliseconds{number};
}

bool pauseOf(const HttpRequest& request, std::string_view verb) {
  const std::string* text = request.queryValue("pause");
  if (text == nullptr || *text == "false") return false;
  if (*text != "true") throw Error::validation("VALIDATION_ERROR", "'pause' is true or false.");
  if (verb == "reload") return true;
  throw Error::validation("VALIDATION_ERROR",
                          fmt::format("'pause' is for reload; {} has nothing to wait for.", verb));
}

HostRoute changeRoute(std::string_view verb, const PluginVerbs::Verb& change) {
  HostRoute route;
  route.method = "POST";
  route.path = fmt::format("/api/admin/plugins/{{id}}/{}", verb);
  route.access = HostAccess::Admin;
  route.scope = "admin";
  route.answer = [change, verb = std::string{verb}](const HttpRequest& request) {
    const PluginChange done =
        change(request.path_parameters.at(0).second,
               {patienceOf(request), pauseOf(request, verb), administratorOf(request)});
    if (done.succeeded()) return HttpResponse::json(200, pluginChangeJson(done));
    const bool ran = done.outcome == PluginChange::Outcome::RolledBack;
    throw Error::businessLogic(ran ? "PLUGIN_NOT_REPLACED" : "PLUGIN_NOT_STARTED",
                               pluginChangeText(done))
        .withDetails(pluginChangeJson(done));
  };
  return route;
}

std::string calls(std::size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "call" : "calls");
}

std::string oldOnes(const PluginChange& change) {
  const SuccessionReport& report = change.succession;
  if (report.generation_before == 0) return {};
  std::string text = fmt::format(" The old generation ended {} within {} ms", calls(report.drained),
                                 report.drained_in.count());
  if (report.aborted > 0)
    text += fmt::format("; {} did not end and {} aborted", calls(report.aborted),
                        report.aborted == 1 ? "was" : "were");
  if (report.passed_on > 0)
    text += fmt::format("; {} that it had not begun went on", calls(report.passed_on));
  text += ".";
  if (report.paused_for.count() > 0)
    text += fmt::format(" Calls waited for {} ms.", report.paused_for.count());
  if (!change.kept_store.empty())
    text += fmt::format(" Its store as it was is {}.", change.kept_store);
  if (!change.old_code.empty()) text += fmt::format(" Its code {}.", change.old_code);
  return text;
}

}  // namespace

std::vector<HostRoute> pluginChangeRoutes(const PluginVerbs& verbs) {
  return {changeRoute("reload", verbs.reload), changeRoute("enable", verbs.enable),
          changeRoute("disable", verbs.disable), changeRoute("release", verbs.release)};
}

std::string pluginChangeJson(const PluginChange& change) {
  const SuccessionReport& report = change.succession;
  const auto number = [](std::uint64_t generation) {
    return generation > 0 ? std::optional{generation} : std::nullopt;
  };
  const auto text = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional{value};
  };
  return toJson([&](JsonWriter& out) {
    out.object("plugin", change.plugin, "outcome", nameOf(change.outcome), "state",
               nameOf(change.state), "version_before", text(report.version_before), "version",
               change.version, "generation_before", number(report.generation_before), "generation",
               number(report.generation), "drained", report.drained, "aborted", report.aborted,
               "passed_on", report.passed_on, "start_ms", report.started_in.count(), "drain_ms",
               report.drained_in.count(), "pause_ms", report.paused_for.count(), "kept_store",
               text(change.kept_store), "old_code", text(change.old_code), "reason",
               text(report.problem), "summary", pluginChangeText(change));
  });
}

std::string pluginChangeText(const PluginChange& change) {
  using Outcome = PluginChange::Outcome;
  const SuccessionReport& report = change.succession;
  switch (change.outcome) {
    case Outcome::Reloaded:
      return fmt::format(
          "{} {} runs as generation {} in place of {} (generation {}); it started "
          "in {} ms.{}",
          change.plugin, change.version, report.generation, report.version_before,
          report.generation_before, report.started_in.count(), oldOnes(change));
    case Outcome::Started:
    case Outcome::Released:
      return fmt::format("{} {} runs as generation {}; it started in {} ms.", change.plugin,
                         change.version, report.generation, report.started_in.count());
    case Outcome::Disabled:
      return fmt::format(
          "{} is switched off until it is enabled, or the host starts again and its "
          "settings file decides.{}",
          change.plugin, oldOnes(change));
    case Outcome::RolledBack:
      if (report.generation != report.generation_before)
        return fmt::format(
            "{} {} runs again as generation {}, on its store as it was; calls waited "
            "for {} ms. The new one: {}",
            change.plugin, report.version_before, report.generation, report.paused_for.count(),
            report.problem);
      return fmt::format("Nothing was changed: {} {} (generation {}) goes on. The new one: {}",
                         change.plugin, report.version_before, report.generation_before,
                         report.problem);
    case Outcome::Failed:
      break;
  }
  return fmt::format("{} does not run ({}): {}", change.plugin, nameOf(change.state),
                     report.problem);
}

void logPluginChange(const PluginChange& change) {
  const SuccessionReport& report = change.succession;
  const bool lossless = change.succeeded() && report.aborted == 0;
  LogContext context;
  context.plugin = change.plugin;
  const LogScope scope{context};
  log(lossless ? Level::Info : Level::Warn, "plugins", pluginChangeText(change),
      {{"event", "plugin_change"},
       {"outcome", nameOf(change.outcome)},
       {"versionBefore", report.version_before},
       {"pluginVersion", change.version},
       {"generation", report.generation},
       {"drained", report.drained},
       {"aborted", report.aborted},
       {"passedOn", report.passed_on},
       {"startMs", report.started_in.count()},
       {"drainMs", report.drained_in.count()},
       {"pauseMs", report.paused_for.count()},
       {"keptStore", change.kept_store},
       {"oldCode", change.old_code},
       {"reason", report.problem}});
}

}  // namespace bulkhead::host
