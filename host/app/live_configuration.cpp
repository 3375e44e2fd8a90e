#include "app/live_configuration.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace bulkhead::host {
namespace {

using Values = std::map<std::string, TypedValue, std::less<>>;

const TypedValue* valueOf(const ReadSettings& read, const std::string& name) {
  const auto found = read.values.find(name);
  return found == read.values.end() ? nullptr : &found->second;
}

std::string originOf(const ReadSettings& read, const std::string& name) {
  const auto found = read.origins.find(name);
  return found == read.origins.end() ? "default" : found->second.text();
}

bool isSame(const TypedValue* before, const TypedValue* after) {
  if (before == nullptr || after == nullptr) return before == after;
  return *before == *after;
}

void addChanges(const std::string& plugin, const ReadSettings& before, const ReadSettings& after,
                std::vector<ReloadedSetting>& changes) {
  std::set<std::string> names;
  for (const auto* read : {&before, &after}) {
    for (const auto& [name, value] : read->values) names.insert(name);
  }
  for (const auto& name : names) {
    const TypedValue* old_value = valueOf(before, name);
    const TypedValue* new_value = valueOf(after, name);
    if (isSame(old_value, new_value)) continue;
    changes.push_back({plugin,
                       {name, old_value == nullptr ? "" : old_value->display(),
                        new_value == nullptr ? "" : new_value->display(), originOf(after, name),
                        isLivePluginKey(name)}});
  }
}

const ConfiguredPlugin& pluginOf(const std::vector<ConfiguredPlugin>& plugins,
                                 const std::string& id) {
  static const ConfiguredPlugin kNone;
  const auto found = std::find_if(plugins.begin(), plugins.end(),
                                  [&](const auto& plugin) { return plugin.id == id; });
  return found == plugins.end() ? kNone : *found;
}

/// A conf file that came or went decides over the whole plugin: one line says so.
void addConfChange(const ConfiguredPlugin& before, const ConfiguredPlugin& after,
                   std::vector<ReloadedSetting>& changes) {
  const auto word = [](const ConfiguredPlugin& plugin) {
    return plugin.conf ? (plugin.conf->enabled ? "true" : "false") : "not configured";
  };
  const std::string& id = after.id.empty() ? before.id : after.id;
  changes.push_back(
      {id, {"enabled", word(before), word(after), originOf(after.reserved, "enabled"), false}});
}

void addPluginChanges(const std::vector<ConfiguredPlugin>& before,
                      const std::vector<ConfiguredPlugin>& after,
                      std::vector<ReloadedSetting>& changes) {
  std::set<std::string> ids;
  for (const auto* plugins : {&before, &after}) {
    for (const auto& plugin : *plugins) ids.insert(plugin.id);
  }
  for (const auto& id : ids) {
    const ConfiguredPlugin& old_one = pluginOf(before, id);
    const ConfiguredPlugin& new_one = pluginOf(after, id);
    if (old_one.conf.has_value() != new_one.conf.has_value()) {
      addConfChange(old_one, new_one, changes);
    } else if (new_one.conf) {
      addChanges(id, old_one.reserved, new_one.reserved, changes);
      addChanges(id, old_one.own, new_one.own, changes);
    }
  }
}

/// What was wrong already when the plugin was closed for it keeps nobody from reloading.
std::vector<std::string> newProblems(const std::vector<ConfiguredPlugin>& before,
                                     const std::vector<ConfiguredPlugin>& after) {
  std::vector<std::string> found;
  for (const auto& plugin : after) {
    const auto known = pluginOf(before, plugin.id).problems();
    const auto problems = plugin.problems();
    std::copy_if(problems.begin(), problems.end(), std::back_inserter(found),
                 [&](const std::string& problem) {
                   return std::find(known.begin(), known.end(), problem) == known.end();
                 });
  }
  return found;
}

/// `running` with the live settings of `fresh`.
void takeLive(ConfiguredPlugin& running, const ConfiguredPlugin& fresh) {
  for (const auto& [name, value] : fresh.reserved.values) {
    if (!isLivePluginKey(name)) continue;
    running.reserved.values.insert_or_assign(name, value);
    running.reserved.origins.insert_or_assign(name, fresh.reserved.origins.at(name));
  }
  running.conf->required = fresh.conf->required;
  running.conf->limits = fresh.conf->limits;
  running.conf->given = fresh.conf->given;
}

struct Reading {
  ConfigurationReading host;
  std::vector<ConfiguredPlugin> plugins;
  std::vector<std::string> problems;
};

Reading readAll(const ConfigurationSources& sources, const std::vector<ConfiguredPlugin>& running) {
  Reading reading{Configuration::read(sources), {}, {}};
  for (const auto& problem : reading.host.problems) reading.problems.push_back(problem.sentence());
  try {
    reading.plugins = readConfiguredPlugins(reading.host.configuration);
    auto more = newProblems(running, reading.plugins);
    std::move(more.begin(), more.end(), std::back_inserter(reading.problems));
  } catch (const ConfigurationProblems& unreadable) {
    reading.problems.push_back(unreadable.report());
  }
  return reading;
}

}  // namespace

std::string_view ReloadReport::outcomeName() const {
  switch (outcome) {
    case Outcome::Reloaded:
      return "reloaded";
    case Outcome::Refused:
      return "refused";
    case Outcome::Unchanged:
      break;
  }
  return "unchanged";
}

LiveConfiguration::LiveConfiguration(ConfigurationSources sources, const Configuration& started)
    : sources_{std::move(sources)},
      current_{std::make_shared<const Configuration>(started)},
      plugins_{readConfiguredPlugins(started)} {}

ReloadReport LiveConfiguration::reload(const Appliers& appliers) {
  const std::lock_guard lock{mutex_};
  ReloadReport report;
  const auto running = current_.load();
  Reading fresh = readAll(sources_, plugins_);
  report.problems = std::move(fresh.problems);
  const auto merged =
      std::make_shared<const Configuration>(running->withLiveOf(fresh.host.configuration));
  if (report.problems.empty()) {
    try {
      appliers.host(running->settings(), merged->settings());
    } catch (const Error& error) {
      report.problems.push_back(error.message());
    }
  }
  if (!report.problems.empty()) {
    report.outcome = ReloadReport::Outcome::Refused;
    return report;
  }
  std::vector<ReloadedSetting> changes;
  for (auto& change : running->changesTo(fresh.host.configuration))
    changes.push_back({"", std::move(change)});
  addPluginChanges(plugins_, fresh.plugins, changes);
  for (auto& change : changes)
    (change.change.live ? report.changed : report.needs_restart).push_back(std::move(change));
  current_.store(merged);
  for (auto& plugin : plugins_) {
    const ConfiguredPlugin& newer = pluginOf(fresh.plugins, plugin.id);
    if (!plugin.conf || !newer.conf) continue;
    takeLive(plugin, newer);
    appliers.plugin(plugin);
  }
  if (!changes.empty()) report.outcome = ReloadReport::Outcome::Reloaded;
  return report;
}

void LiveConfiguration::retake(const std::string& plugin) {
  const std::lock_guard lock{mutex_};
  auto fresh = readConfiguredPlugins(*current_.load());
  const auto is_it = [&](const ConfiguredPlugin& one) { return one.id == plugin; };
  const auto read = std::find_if(fresh.begin(), fresh.end(), is_it);
  if (read == fresh.end()) return;
  const auto known = std::find_if(plugins_.begin(), plugins_.end(), is_it);
  if (known == plugins_.end()) {
    plugins_.push_back(std::move(*read));
  } else {
    *known = std::move(*read);
  }
}

std::vector<SettingRow> LiveConfiguration::rows() const {
  const std::lock_guard lock{mutex_};
  return valueRows(*current_.load(), plugins_);
}

}  // namespace bulkhead::host
