#include "app/plugin_health.hpp"

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

CheckResult runContributor(const std::weak_ptr<Compartment>& owner,
                           const RegisteredContributor& contributor,
                           std::chrono::milliseconds budget) {
  const auto deadline = std::chrono::steady_clock::now() + budget;
  const auto compartment = owner.lock();
  const bool running = compartment && awaitRunning(*compartment, deadline);
  const auto home = running ? compartment->home() : nullptr;
  if (!home) {
    CheckResult closed;
    closed.status = Status::Degraded;
    closed.code = "closed";
    closed.message = "The plugin does not run.";
    return closed;
  }
  return parseResult(home->checkHealth(contributor, deadline));
}

}  // namespace

void addContributors(health::HealthRegistry& registry,
                     const std::shared_ptr<Compartment>& compartment) {
  const bool is_service = !compartment->status().service.empty();
  const auto home = compartment->home();
  if (!home) return;
  for (const auto& contributor : home->contributors()) {
    health::CheckSpec spec;
    spec.owner = compartment->id();
    spec.name = compartment->id() + "." + contributor.name;
    spec.kind = is_service ? health::CheckKind::Service : health::CheckKind::Component;
    spec.interval = contributor.interval;
    spec.timeout = contributor.timeout;
    spec.check = [owner = std::weak_ptr{compartment},
                  contributor](std::chrono::milliseconds budget) {
      return runContributor(owner, contributor, budget);
    };
    registry.add(std::move(spec));
  }
}

/// A plugin that does not run says so itself; its database is not to blame.
void addStoreCheck(health::HealthRegistry& registry,
                   const std::shared_ptr<Compartment>& compartment) {
  const auto home = compartment->home();
  if (!home || !home->hasStore()) return;
  registry.add(
      health::databaseCheck("database." + compartment->id(),
                            [owner = std::weak_ptr{compartment}](std::chrono::milliseconds budget) {
                              const auto deadline = std::chrono::steady_clock::now() + budget;
                              const auto plugin = owner.lock();
                              const auto present = plugin ? plugin->home() : nullptr;
                              return !present || present->pingStore(deadline);
                            }));
}

std::vector<health::PluginHealth> pluginHealth(const Supervisor& supervisor) {
  std::vector<health::PluginHealth> plugins;
  for (const auto& compartment : supervisor.compartments()) {
    const PluginStatus status = compartment->status();
    if (status.state == PluginState::Disabled) continue;
    plugins.push_back({status.id, status.service, std::string{nameOf(status.state)}, status.reason,
                       std::nullopt, status.required});
  }
  return plugins;
}

}  // namespace bulkhead::host
