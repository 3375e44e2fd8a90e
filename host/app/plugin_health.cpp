#include "app/plugin_health.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <thread>

#include <bulkhead/error.hpp>

#include "health/host_checks.hpp"

namespace bulkhead::host {
namespace {

using health::CheckResult;
using health::Status;

Status statusFrom(const std::string& word) {
  if (word == "healthy") return Status::Healthy;
  if (word == "degraded") return Status::Degraded;
  return Status::Critical;
}

CheckResult parseResult(const std::string& text) {
  const auto document = nlohmann::json::parse(text, nullptr, false);
  CheckResult result;
  if (!document.is_object() || !document.contains("status")) {
    result.status = Status::Critical;
    result.code = "bad_result";
    result.message = "The contributor gave no status.";
    return result;
  }
  result.status = statusFrom(document.value("status", ""));
  if (result.status != Status::Healthy) result.code = "reported";
  result.message = document.value("message", "");
  if (document.contains("configured")) result.configured = document.value("configured", true);
  return result;
}

/// Waits while the plugin is on its way up: its first result should not be that it does not run
/// yet.
bool awaitRunning(const Compartment& compartment, std::chrono::steady_clock::time_point deadline) {
  constexpr std::chrono::milliseconds kPoll{10};
  for (;;) {
    const PluginState state = compartment.status().state;
    if (state == PluginState::Running) return true;
    const bool rising = state == PluginState::Verified || state == PluginState::Starting;
    if (!rising || std::chrono::steady_clock::now() + kPoll > deadline) return false;
    std::this_thread::sleep_for(kPoll);
  }
}

const RegisteredContributor* contributorOf(const Home& home, const std::string& name) {
  const auto& all = home.contributors();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

CheckResult runContributor(const std::weak_ptr<Compartment>& owner, const std::string& name,
                           std::chrono::milliseconds budget) {
  const auto deadline = std::chrono::steady_clock::now() + budget;
  const auto compartment = owner.lock();
  const bool running = compartment && awaitRunning(*compartment, deadline);
  const auto home = running ? compartment->home() : nullptr;
  const auto* contributor = home ? contributorOf(*home, name) : nullptr;
  if (contributor == nullptr) {
    CheckResult closed;
    closed.status = Status::Degraded;
    closed.code = "closed";
    closed.message = "The plugin does not run.";
    return closed;
  }
  return parseResult(home->checkHealth(*contributor, deadline));
}

struct Wanted {
  std::string name;
  std::chrono::milliseconds interval;
  health::CheckKind kind;
  bool operator==(const Wanted&) const = default;
};

bool isRegistered(const health::HealthSnapshot& snapshot, const std::string& owner,
                  const std::vector<Wanted>& wanted) {
  std::vector<Wanted> there;
  for (const auto& check : snapshot.checks) {
    if (check.owner == owner) there.push_back({check.name, check.interval, check.kind});
  }
  return std::is_permutation(there.begin(), there.end(), wanted.begin(), wanted.end());
}

}  // namespace

void takeContributors(health::HealthRegistry& registry,
                      const std::shared_ptr<Compartment>& compartment, const Home& home) {
  const std::string& id = compartment->id();
  const auto kind = compartment->status().service.empty() ? health::CheckKind::Component
                                                          : health::CheckKind::Service;
  std::vector<Wanted> wanted;
  for (const auto& contributor : home.contributors())
    wanted.push_back({id + "." + contributor.name, contributor.interval, kind});
  if (isRegistered(*registry.snapshot(), id, wanted)) {
    registry.runAgain(id);
    return;
  }
  registry.remove(id, std::chrono::milliseconds{0});
  for (const auto& contributor : home.contributors()) {
    health::CheckSpec spec;
    spec.owner = id;
    spec.name = id + "." + contributor.name;
    spec.kind = kind;
    spec.interval = contributor.interval;
    spec.timeout = contributor.timeout;
    spec.check = [owner = std::weak_ptr{compartment},
                  name = contributor.name](std::chrono::milliseconds budget) {
      return runContributor(owner, name, budget);
    };
    registry.add(std::move(spec));
  }
}

void requireWell(Home& home) {
  for (const auto& contributor : home.contributors()) {
    const auto deadline = std::chrono::steady_clock::now() + contributor.timeout;
    CheckResult result;
    try {
      result = parseResult(home.checkHealth(contributor, deadline));
    } catch (const Error& error) {
      result.status = Status::Critical;
      result.message = error.message();
    }
    if (result.status != Status::Critical) continue;
    throw Error::businessLogic("PLUGIN_UNWELL",
                               fmt::format("its contributor '{}' is critical: {}", contributor.name,
                                           health::publicMessage(result.message)));
  }
}

/// A plugin that does not run says so itself; its database is not to blame.
void addStoreCheck(health::HealthRegistry& registry,
                   const std::shared_ptr<Compartment>& compartment, const Home& home) {
  if (!home.hasStore() || registry.snapshot()->find("database." + compartment->id()) != nullptr)
    return;
  registry.add(
      health::databaseCheck("database." + compartment->id(),
                            [owner = std::weak_ptr{compartment}](std::chrono::milliseconds budget) {
                              const auto deadline = std::chrono::steady_clock::now() + budget;
                              const auto plugin = owner.lock();
                              const auto present = plugin ? plugin->home() : nullptr;
                              return !present || present->pingStore(deadline);
                            }));
}

std::optional<bool> isConfigured(const health::HealthRegistry& registry, std::string_view plugin) {
  const auto snapshot = registry.snapshot();
  std::optional<bool> configured;
  for (const auto& check : snapshot->checks) {
    if (check.owner != plugin || !check.last.configured) continue;
    configured = configured.value_or(true) && *check.last.configured;
  }
  return configured;
}

std::vector<health::PluginHealth> pluginHealth(const std::vector<PluginFacts>& plugins) {
  std::vector<health::PluginHealth> shown;
  for (const auto& facts : plugins) {
    const PluginStatus& status = facts.status;
    if (status.state == PluginState::Disabled) continue;
    shown.push_back({status.id, status.service, std::string{nameOf(status.state)}, status.reason,
                     facts.configured, status.required,
                     health::PluginFigures{status.generation, status.restarts, status.active(),
                                           facts.memory_bytes, facts.p50_ms, facts.p99_ms},
                     facts.capabilities_lost, status.impairment, facts.capabilities_missed});
  }
  return shown;
}

}  // namespace bulkhead::host
