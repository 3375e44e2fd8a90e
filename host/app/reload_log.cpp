#include "app/reload_log.hpp"

#include <array>
#include <string>

#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

/// Whatever the level, which this reload may just have raised: whoever asked wants the answer.
void say(Level level, std::string_view message, std::span<const LogField> fields = {}) {
  writeLog(level, "config", message, fields);
}

void logChange(Level level, std::string_view message, const ReloadedSetting& setting) {
  const std::string name =
      setting.plugin.empty() ? setting.change.name : setting.plugin + "." + setting.change.name;
  const std::array<LogField, 4> fields{{{"setting", name},
                                        {"before", setting.change.before},
                                        {"after", setting.change.after},
                                        {"origin", setting.change.origin}}};
  say(level, message, fields);
}

}  // namespace

void logReload(const ReloadReport& report, std::string_view trigger) {
  for (const auto& setting : report.changed) logChange(Level::Info, "Setting changed", setting);
  for (const auto& setting : report.needs_restart)
    logChange(Level::Warn, "Setting needs a restart; the old value holds", setting);
  for (const auto& problem : report.problems) say(Level::Error, problem);
  const bool refused = report.outcome == ReloadReport::Outcome::Refused;
  const std::array<LogField, 5> fields{{{"trigger", trigger},
                                        {"outcome", report.outcomeName()},
                                        {"changed", report.changed.size()},
                                        {"needsRestart", report.needs_restart.size()},
                                        {"problems", report.problems.size()}}};
  say(refused ? Level::Error : Level::Info,
      refused ? "Configuration reload refused; nothing was changed" : "Configuration reloaded",
      fields);
}

}  // namespace bulkhead::host
