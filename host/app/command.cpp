#include "app/command.hpp"

#include <algorithm>
#include <utility>

#include <bulkhead/error.hpp>

#include "app/admin_commands.hpp"
#include "app/backup_commands.hpp"
#include "app/capability_commands.hpp"
#include "app/config_commands.hpp"
#include "app/crash_commands.hpp"
#include "app/job_commands.hpp"
#include "app/log_commands.hpp"
#include "app/plugin_commands.hpp"
#include "app/probe_command.hpp"
#include "app/serve_command.hpp"

namespace bulkhead::host {

CommandOption configOption() {
  return {"config", "FILE", "configuration file (conf/bulkhead.properties)", false};
}
CommandOption jsonOption() {
  return {"json", "", "print JSON", false};
}

ConfigurationSources configurationSources(const CommandLine& line) {
  ConfigurationSources sources;
  if (const auto file = line.find("config")) {
    sources.config_file = *file;
    sources.config_file_required = true;
  }
  for (const auto& given : line.all("set")) {
    const auto equals = given.find('=');
    if (equals == 0 || equals == std::string::npos)
      throw Error::validation("USAGE", "--set needs a name and a value: " + given);
    sources.command_line.emplace_back(given.substr(0, equals), given.substr(equals + 1));
  }
  return sources;
}

Configuration loadConfiguration(const CommandLine& line) {
  return Configuration{configurationSources(line)};
}

namespace {

/// With a plugin's name main() takes it before it comes here.
int refuseWorker(const CommandLine&) {
  throw Error::validation("USAGE", "the host starts workers; they cannot be started by hand");
}

std::vector<Command> hostCommands() {
  return {
      {"serve",
       "",
       "runs the host in the foreground",
       0,
       {configOption(),
        {"takeover", "",
         "in the place of the host that runs in DATA_DIR, which then stops; no request fails",
         false}},
       runServe,
       {"PORT", "BIND_ADDRESS", "NODE_ENV", "DATA_DIR", "DATABASE_URL", "PLUGIN_DIR",
        "PLUGIN_CONF_DIR", "API_KEY", "MANAGEMENT_PORT", "TRUSTED_PROXIES", "LOG_LEVEL",
        "LOG_FILE"}},
      {"probe",
       "live|ready|startup|health",
       "asks the running host; 0 when it is well, else 1; for containers without curl",
       1,
       {configOption(),
        jsonOption(),
        {"timeout", "TIME", "longest wait for the whole answer (2s)", false},
        {"via", "WAY",
         "port, management, or socket: DATA_DIR/admin.sock (port; socket where PORT is 0 or does "
         "not speak plain HTTP)",
         false}},
       runProbe},
      {"version", "", "prints the version", 0, {jsonOption()}, runVersion},
      {"worker",
       "PLUGIN",
       "runs one plugin for the host that starts it, which gives it a link; not for people",
       1,
       {},
       refuseWorker,
       {},
       true},
  };
}

std::vector<Command> configCommands() {
  return {
      {"config check",
       "",
       "reads the configuration and says everything that is wrong",
       0,
       {configOption()},
       runConfigCheck},
      {"config show",
       "[NAME]",
       "prints every value and where it came from; NAME is a setting, a part of one or a plugin",
       1,
       {configOption(),
        jsonOption(),
        {"running", "", "what the running host stands on, instead of what is written", false}},
       runConfigShow},
      {"config describe",
       "[NAME]",
       "prints every setting, what it accepts, its variables and what it is for",
       1,
       {configOption(), jsonOption()},
       runConfigDescribe},
      {"config reload",
       "",
       "makes the running host read its configuration anew; prints what changed",
       0,
       {configOption(), jsonOption()},
       runConfigReload},
  };
}

CommandOption patienceOption() {
  return {"patience", "TIME",
          "for the calls that run; then they are aborted (as long as a request may take)", false};
}

CommandOption noWaitOption() {
  return {"no-wait", "", "ends at once and says where to look what became of it", false};
}

Command pluginVerifyCommand() {
  return {
      "plugin verify",
      "FILE",
      "proves a plugin as the host will, and says what to mend: file, manifest, symbols, settings, "
      "routes, capabilities, and its creation, migrations and start in throw-away processes; 0 "
      "when nothing failed, else 1",
      1,
      {configOption(),
       {"conf", "FILE", "its conf/plugins.d/<id>.properties (the manifest's defaults)", false},
       {"beside", "DIR", "plugins that it will live with: whose routes clash with its own", false},
       {"faults", "", "each call that it makes to the host fails once in each way", false},
       jsonOption()},
      runPluginVerify};
}

std::vector<Command> pluginLooks() {
  return {
      {"plugin list",
       "",
       "lists the plugins of the running host with state and reason",
       0,
       {configOption(), jsonOption()},
       runPluginList},
      {"capabilities",
       "",
       "shows who provides and wants which capability in the running host, and what is lost",
       0,
       {jsonOption(), configOption()},
       runCapabilities},
      {"plugin messages",
       "ID",
       "lists the events and messages that a plugin has to handle and had; or has a dead one "
       "handled again",
       1,
       {configOption(),
        jsonOption(),
        {"state", "STATE", "new, done, ignored or dead", false},
        {"source", "SOURCE", "a capability, or an inbox of the plugin's own", false},
        {"replay", "N", "the number of the one that is dead", false}},
       runPluginMessages},
  };
}

std::vector<Command> pluginChanges() {
  return {
      {"plugin reload",
       "ID",
       "puts the plugin's file and settings, as they are now, in place of what runs; no request "
       "fails",
       1,
       {configOption(),
        jsonOption(),
        patienceOption(),
        noWaitOption(),
        {"pause", "",
         "for migrations that contract: calls wait while the old version ends, a copy of its store "
         "is kept and the new one starts; else all is as it was",
         false}},
       runPluginReload},
      {"plugin disable",
       "ID",
       "ends what the plugin has begun and switches it off, until it is enabled or the host starts",
       1,
       {configOption(), jsonOption(), patienceOption(), noWaitOption()},
       runPluginDisable},
      {"plugin enable",
       "ID",
       "starts a plugin that is switched off, or was installed since the host started",
       1,
       {configOption(), jsonOption(), noWaitOption()},
       runPluginEnable},
      {"plugin release",
       "ID",
       "starts a plugin again that died too often",
       1,
       {configOption(), jsonOption(), noWaitOption()},
       runPluginRelease},
  };
}

std::vector<Command> pluginFiles() {
  return {
      {"plugin new",
       "ID",
       "writes a plugin that builds, with its tests, to go on from",
       1,
       {{"into", "DIR", "where (./ID); not there yet, or empty", false}},
       runPluginNew},
      pluginVerifyCommand(),
      {"plugin inspect",
       "FILE",
       "reads a plugin's manifest without loading it",
       1,
       {jsonOption()},
       runPluginInspect},
  };
}

std::vector<Command> logCommands() {
  return {
      {"log level",
       "[LEVEL]",
       "prints the running host's log level, or changes it for a time",
       1,
       {configOption(),
        jsonOption(),
        {"for", "TIME", "until the configured level holds again (10m)", false}},
       runLogLevel},
  };
}

std::vector<Command> crashCommands() {
  return {
      {"crash list",
       "",
       "lists the crash records of DATA_DIR, newest first",
       0,
       {configOption(), jsonOption()},
       runCrashList},
      {"crash show",
       "[NAME]",
       "prints a crash record, the newest unless named",
       1,
       {configOption()},
       runCrashShow},
  };
}

std::vector<Command> tenantCommands() {
  return {
      {"tenant create",
       "SLUG",
       "makes a tenant",
       1,
       {configOption(),
        jsonOption(),
        {"name", "TEXT", "its name (SLUG)", false},
        {"time-zone", "ZONE", "IANA zone (UTC)", false}},
       runTenantCreate},
      {"tenant list", "", "lists the tenants", 0, {configOption(), jsonOption()}, runTenantList},
      {"tenant suspend",
       "SLUG",
       "refuses every request for a tenant's data, at once",
       1,
       {configOption()},
       runTenantSuspend},
      {"tenant resume", "SLUG", "ends a suspension", 1, {configOption()}, runTenantResume},
  };
}

std::vector<Command> keyCommands() {
  return {
      {"key create",
       "NAME",
       "makes an API key and shows it this once",
       1,
       {configOption(),
        jsonOption(),
        {"tenant", "SLUG", "tenant that it may use; may be repeated", true},
        {"scope", "SCOPE",
         "scope that it has, such as booking:*; * is all that concerns its tenants; may be "
         "repeated",
         true},
        {"days", "N", "days until it expires (never)", false},
        {"per-minute", "N", "requests that it may make in a minute", false},
        {"per-hour", "N", "requests that it may make in an hour", false}},
       runKeyCreate},
      {"key rotate",
       "ID",
       "makes a key that takes over from another, and shows it this once",
       1,
       {configOption(),
        jsonOption(),
        {"overlap", "HOURS", "hours for which both keys work (24); 0 ends the old one at once",
         false},
        {"days", "N", "days until the new one expires (as long a life as the old one had)", false}},
       runKeyRotate},
      {"key list",
       "",
       "lists the API keys, without their secrets",
       0,
       {configOption(), jsonOption()},
       runKeyList},
      {"key revoke", "ID", "revokes an API key at once", 1, {configOption()}, runKeyRevoke},
  };
}

std::vector<Command> backupCommands() {
  return {
      {"backup",
       "DIR",
       "copies every store to a new folder, while the host runs or without one",
       1,
       {configOption(), jsonOption()},
       runBackup},
      {"backup verify",
       "DIR",
       "checks each file of a backup against its manifest, and as a database",
       1,
       {jsonOption()},
       runBackupVerify},
      {"restore",
       "DIR",
       "makes the stores those of a backup; the host is stopped",
       1,
       {configOption(),
        jsonOption(),
        {"force", "", "replace stores that are there; they are kept aside", false}},
       runRestore},
  };
}

std::vector<Command> auditCommands() {
  return {
      {"audit list",
       "",
       "lists what administrators changed, the newest first",
       0,
       {configOption(),
        jsonOption(),
        {"since", "TIME", "from this time on, such as 2026-11-22 or 2026-11-22T04:00:00Z", false},
        {"limit", "N", "so many at most (100; with --since all)", false},
        {"action", "NAME", "only these, such as key.rotate", false},
        {"object", "NAME", "only on this, such as key:ID", false}},
       runAuditList},
      {"audit verify",
       "",
       "follows the chain of the audit; ends with 1 and the first bad row when it does not hold",
       0,
       {configOption(),
        jsonOption(),
        {"head", "POSITION:HASH", "a head that was noted elsewhere, to be compared as well",
         false}},
       runAuditVerify},
  };
}

Command withSettings(Command command) {
  const auto config = std::find_if(command.options.begin(), command.options.end(),
                                   [](const auto& option) { return option.name == "config"; });
  if (config != command.options.end()) {
    command.options.insert(
        config + 1, {"set", "NAME=VALUE", "a setting, stronger than every other source", true});
  }
  return command;
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = [] {
    std::vector<Command> all;
    for (auto* group :
         {hostCommands, configCommands, pluginLooks, pluginChanges, pluginFiles, crashCommands,
          logCommands, jobCommands, tenantCommands, keyCommands, auditCommands, backupCommands}) {
      for (auto& command : group()) all.push_back(withSettings(std::move(command)));
    }
    return all;
  }();
  return kCommands;
}

}  // namespace bulkhead::host
