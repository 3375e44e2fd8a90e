#include "plugins/supervisor.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "plugins/library.hpp"
#include "plugins/plugin_cache.hpp"
#include "plugins/plugin_description.hpp"
#include "plugins/start_order.hpp"

namespace bulkhead::host {
namespace {

std::string sentences(const std::vector<ConfigurationProblem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : " ") + problem.sentence();
  return text;
}

}  // namespace

/// A configured plugin on its way up.
struct Supervisor::Candidate {
  PluginConf conf;
  std::shared_ptr<Compartment> compartment;
  PluginDescription plugin;
  std::map<std::string, PluginSetting> settings;
  std::optional<std::pair<PluginState, std::string>> closed;
};

Supervisor::Supervisor(SupervisorOptions options, SupervisorServices services)
    : options_{std::move(options)}, services_{std::move(services)} {}

Supervisor::~Supervisor() {
  close(std::chrono::milliseconds{0});
}

void Supervisor::boot(std::vector<PluginConf> confs, const Variables& variables) {
  std::vector<Candidate> candidates;
  for (auto& conf : confs) candidates.push_back(inspect(std::move(conf), variables));
  {
    const std::lock_guard lock{mutex_};
    for (const auto& candidate : candidates) compartments_.push_back(candidate.compartment);
  }
  order(candidates);
  for (auto& candidate : candidates) {
    if (candidate.closed) {
      enter(*candidate.compartment, candidate.closed->first, candidate.closed->second);
    } else {
      bootOne(candidate);
    }
  }
}

Supervisor::Candidate Supervisor::inspect(PluginConf conf, const Variables& variables) const {
  Candidate candidate;
  candidate.conf = std::move(conf);
  const auto& limits = candidate.conf.limits;
  candidate.compartment = std::make_shared<Compartment>(Compartment::Options{
      candidate.conf.id,
      candidate.conf.required,
      {static_cast<std::size_t>(limits.threads), static_cast<std::size_t>(limits.queue)},
      options_.start_timeout});
  try {
    if (!candidate.conf.problems.empty())
      throw PluginRefusal{PluginState::Refused, sentences(candidate.conf.problems)};
    if (!candidate.conf.enabled)
      throw PluginRefusal{PluginState::Disabled, "Switched off by enabled = false."};
    const auto path = candidate.conf.library.empty()
                          ? options_.plugin_dir / (candidate.conf.id + ".so")
                          : candidate.conf.library;
    candidate.compartment->describe({}, {}, path.string());
    candidate.plugin = describePlugin(path);
    const Manifest& manifest = candidate.plugin.manifest;
    candidate.compartment->describe(manifest.version, manifest.service, path.string());
    if (manifest.id != candidate.conf.id) {
      throw PluginRefusal{
          PluginState::Refused,
          fmt::format("{} is the plugin '{}', but {}.properties configures '{}'.", path.string(),
                      manifest.id, candidate.conf.id, candidate.conf.id)};
    }
    candidate.settings = readSettings(manifest, candidate.conf.file, variables);
  } catch (const PluginRefusal& refusal) {
    candidate.closed.emplace(refusal.state(), refusal.reason());
  } catch (const std::exception& error) {
    candidate.closed.emplace(PluginState::Refused, error.what());
  }
  return candidate;
}

void Supervisor::order(std::vector<Candidate>& candidates) const {
  std::vector<Manifest> manifests;
  for (const auto& candidate : candidates) {
    if (!candidate.closed) manifests.push_back(candidate.plugin.manifest);
  }
  const StartOrder order = startOrder(manifests);
  for (auto& candidate : candidates) {
    if (const auto refused = order.refused.find(candidate.conf.id);
        refused != order.refused.end()) {
      candidate.closed.emplace(PluginState::Refused, refused->second);
    }
  }
  const auto rank = [&](const Candidate& candidate) {
    return std::find(order.ids.begin(), order.ids.end(), candidate.conf.id) - order.ids.begin();
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
}

void Supervisor::bootOne(Candidate& candidate) {
  Compartment& compartment = *candidate.compartment;
  try {
    const PluginDescription& plugin = candidate.plugin;
    const auto copy = PluginCache{options_.cache_dir}.copyOf(plugin.file, plugin.manifest.id);
    const auto library = std::make_shared<const PluginLibrary>(PluginLibrary::load(copy));
    std::shared_ptr<data::Store> store;
    if (plugin.manifest.store) store = services_.open_store(candidate.conf.id);
    HomeOptions home_options{candidate.conf.id, std::move(candidate.settings),
                             std::chrono::milliseconds{candidate.conf.limits.deadline_ms},
                             options_.development, migrationOf(plugin, "sqlite")};
    auto home = std::make_unique<PluginHome>(
        library->table(), std::move(home_options),
        HomeServices{services_.clock, services_.log, services_.metrics, store.get()});
    const auto keep_alive = std::make_shared<
        std::pair<std::shared_ptr<const PluginLibrary>, std::shared_ptr<data::Store>>>(library,
                                                                                       store);
    bool running = compartment.create(std::move(home), keep_alive);
    if (running) {
      services_.admit(candidate.compartment);
      running = compartment.start();
    }
    if (running) {
      const std::lock_guard lock{mutex_};
      started_.push_back(candidate.compartment);
    }
    services_.changed(compartment);
  } catch (const PluginRefusal& refusal) {
    compartment.close(std::chrono::milliseconds{0});
    enter(compartment, refusal.state(), refusal.reason());
  } catch (const std::exception& error) {
    compartment.close(std::chrono::milliseconds{0});
    enter(compartment, PluginState::Refused, error.what());
  }
}

void Supervisor::enter(Compartment& compartment, PluginState state, std::string reason) const {
  compartment.enter(state, std::move(reason));
  services_.changed(compartment);
}

void Supervisor::close(std::chrono::milliseconds patience) {
  std::vector<std::shared_ptr<Compartment>> started;
  {
    const std::lock_guard lock{mutex_};
    started.swap(started_);
  }
  const auto end = std::chrono::steady_clock::now() + patience;
  for (auto next = started.rbegin(); next != started.rend(); ++next) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    (*next)->close(std::max(left, std::chrono::milliseconds{0}));
    services_.changed(**next);
  }
}

std::vector<std::shared_ptr<Compartment>> Supervisor::compartments() const {
  const std::lock_guard lock{mutex_};
  auto all = compartments_;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->id() < b->id(); });
  return all;
}

std::shared_ptr<Compartment> Supervisor::find(std::string_view id) const {
  const std::lock_guard lock{mutex_};
  for (const auto& compartment : compartments_) {
    if (compartment->id() == id) return compartment;
  }
  return nullptr;
}

}  // namespace bulkhead::host
