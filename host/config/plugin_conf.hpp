#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration_problem.hpp"
#include "config/properties_file.hpp"
#include "config/variables.hpp"

namespace bulkhead::host {

enum class Isolation { InProcess, Worker };

struct PluginLimits {
  int threads = 8;
  int queue = 1024;
  int streams = 16;
  std::int64_t deadline_ms = 30'000;
  std::int64_t requests_per_minute = 0;  ///< of one client; 0: the host's limits alone
  std::int64_t requests_per_hour = 0;
  int failures = 20;  ///< in a row before requests are kept away from it; 0: never
  std::int64_t failure_pause_ms = 5'000;
  int restarts = 5;  ///< of its worker within the window, before quarantine
  std::int64_t restart_window_ms = 60'000;
  std::int64_t stuck_ms = 10'000;  ///< past its deadline before a call counts as hung
  // Of its worker. 0: no limit.
  std::int64_t memory_soft_mb = 0;      ///< more has another generation take its place
  std::int64_t memory_mb = 0;           ///< more ends it
  int cpu_percent = 0;                  ///< of one processor over the window; more ends it
  std::int64_t cpu_window_ms = 10'000;  ///< never 0
  int own_threads = 256;                ///< beside those of its calls; more end it
  std::int64_t descriptors = 1024;      ///< open files; never 0
};

/// One file of `conf/plugins.d`: what the host wants to know before it has seen the plugin.
struct PluginConf {
  std::string id;  ///< the file's name without `.properties`
  bool enabled = true;
  std::filesystem::path library;       ///< empty: `<id>.so` in `plugin.dir`
  std::optional<Isolation> isolation;  ///< none: as plugin.isolation says
  bool required = false;
  bool sandbox = true;  ///< its worker may do only what plugins need
  PluginLimits limits;
  std::vector<std::string> given;  ///< the host's keys that are written somewhere
  PropertiesFile file;             ///< for `readPluginSettings`
  std::vector<ConfigurationProblem>
      problems;  ///< not empty: this plugin is refused, others are not
};

/// True for `[a-z][a-z0-9-]*` of at most 63 characters that does not end in "-".
bool isPluginId(std::string_view id);
/// Ids that the host has for itself: its store, its routes, its owner's name.
bool isReservedPluginId(std::string_view id);
inline constexpr const char* kUnreservedId = "an id that the host does not have for itself";

/// Every `*.properties` file of `folder`, by id. Never throws for a file's content: a file that
/// cannot be read is an entry with problems. A folder that does not exist has no plugins; one that
/// cannot be listed throws `ConfigurationProblems`.
std::vector<PluginConf> readPluginConfs(const std::filesystem::path& folder,
                                        const Variables& variables);

/// One file.
PluginConf readPluginConf(const std::filesystem::path& file, const Variables& variables);

}  // namespace bulkhead::host
