#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "health/health_registry.hpp"
#include "health/health_state.hpp"
#include "health/resource_sampler.hpp"

namespace bulkhead::host::health {

/// How much a plugin does, and at what cost.
struct PluginFigures {
  std::uint64_t generation = 0;                 ///< starts since the host's
  std::uint64_t restarts = 0;                   ///< of these, after a worker's death
  std::uint64_t active = 0;                     ///< requests that run or wait in it
  std::optional<std::uint64_t> memory_bytes{};  ///< of its own process
  std::optional<double> p50_ms{};               ///< of its calls in the last minutes
  std::optional<double> p99_ms{};
};

/// One plugin as its supervisor sees it (design §3).
struct PluginHealth {
  std::string id;
  std::string
      service;        ///< "googleCalendar" in `services`; empty for a plugin that is no integration
  std::string state;  ///< "running", "missing", "crashed", ...
  std::string reason;  ///< of a closed state, or an impairment: a sentence a person can act on,
                       ///< without secrets
  std::optional<bool> configured;  ///< credentials are there; empty: it speaks of none
  bool required = false;           ///< closed and required: the host is not ready
  PluginFigures figures{};
  std::vector<std::string> capabilities_lost{};  ///< "payments/1": nobody provides it meanwhile
  std::string impairment{};  ///< a code, while it runs and the reason says what is wrong with it
  std::vector<std::string> capabilities_missed{};  ///< that it wants, and nobody provides
};

/// Over the performance monitor's window.
struct PerformanceFigures {
  std::uint64_t slow_queries = 0;
  std::uint64_t slow_apis = 0;
  double error_rate_percent = 0;
};

struct CacheFigures {
  double hit_rate_percent = 0;
  std::uint64_t entries = 0;
  std::uint64_t entries_max = 0;
};

struct RedisFigures {
  bool configured = false;
  bool connected = false;
  std::string reason{};  ///< why it is not connected, for people
};

/// C31. `queues`: accepting and processing, by name.
struct JobQueueFigures {
  Status status = Status::Healthy;
  std::string backend;  ///< "redis" or "database"
  std::vector<std::pair<std::string, bool>> queues;
};

/// What identifies the host in every body.
struct HostIdentity {
  std::string version;
  std::string environment;                 ///< NODE_ENV: development, production, test
  std::string service_name = "accubooks";  ///< SERVICE_NAME (C30)
};

enum class DetailsPolicy { Never, WhenAuthorized, Always };
/// "never", "always"; anything else is "when-authorized".
DetailsPolicy detailsPolicy(std::string_view word);

struct HealthPolicy {
  DetailsPolicy details = DetailsPolicy::WhenAuthorized;  ///< C18
  bool version_outside = true;                  ///< anonymous callers from outside see the version
  std::vector<std::string> readiness_requires;  ///< check names; READINESS_REQUIRE (C4), opt-in
  std::chrono::milliseconds start_max = std::chrono::seconds{60};  ///< starting longer: critical
};

/// What the endpoints read. The references outlive them. The callbacks answer from memory, without
/// waiting, on any thread; an empty one says honestly that there is no such thing in this process
/// (no queue runtime: `unavailable`, and all its queues false).
struct HealthSources {
  HealthRegistry& registry;
  HealthState& state;
  ResourceSampler& resources;
  HostIdentity identity;
  HealthPolicy policy = {};
  std::function<std::vector<PluginHealth>()> plugins = {};
  std::function<PerformanceFigures()> performance = {};
  std::function<CacheFigures()> cache = {};
  std::function<RedisFigures()> redis = {};
  std::function<std::optional<JobQueueFigures>()> job_queues = {};
};

}  // namespace bulkhead::host::health
