#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/configured_plugins.hpp"
#include "app/setting_rows.hpp"
#include "config/configuration.hpp"
#include "runtime/published.hpp"

namespace bulkhead::host {

/// A setting of the host, or of `plugin`, that has another value than the running one.
struct ReloadedSetting {
  std::string plugin;  ///< empty: the host's
  SettingChange change;
};

/// What a reload truly did.
struct ReloadReport {
  enum class Outcome { Unchanged, Reloaded, Refused };
  Outcome outcome = Outcome::Unchanged;
  std::vector<ReloadedSetting> changed;        ///< they hold from now on
  std::vector<ReloadedSetting> needs_restart;  ///< written differently; the old value still holds
  std::vector<std::string> problems;           ///< with any of them nothing was changed

  std::string_view outcomeName() const;
};

/// The configuration that the running host stands on, and the way to a newer one (ops §5.18): read
/// everything anew, check all of it, and only then take over what may change while it runs. The
/// environment is that of the start, as a process's own never changes; files are read again.
class LiveConfiguration {
 public:
  struct Appliers {
    /// Takes over the live settings of the host. When it throws, nothing has changed.
    std::function<void(const HostSettings& before, const HostSettings& after)> host;
    /// Takes over the limits and `required` of one plugin. Does not throw.
    std::function<void(const ConfiguredPlugin& plugin)> plugin;
  };

  LiveConfiguration(ConfigurationSources sources, const Configuration& started);

  /// Never throws for what it reads. One at a time; any thread.
  ReloadReport reload(const Appliers& appliers);

  /// What is written of one plugin is what it runs with from now on: it was started anew.
  void retake(const std::string& plugin);

  /// What holds now. Never null.
  std::shared_ptr<const Configuration> current() const { return current_.load(); }
  /// The same with the plugins' settings, as `config show` prints it.
  std::vector<SettingRow> rows() const;

 private:
  const ConfigurationSources sources_;
  Published<Configuration> current_;
  mutable std::mutex mutex_;
  std::vector<ConfiguredPlugin> plugins_;  // guarded by mutex_
};

}  // namespace bulkhead::host
