#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace bulkhead {

enum class HealthStatus { Healthy, Degraded, Critical };

/// What a health contributor found. `configured` is false when credentials are missing (C13).
struct Health {
  HealthStatus status = HealthStatus::Healthy;
  std::string message = {};  ///< for a person; no host names, users or secrets (S130)
  std::optional<bool> configured = {};
};

/// How often the host asks a contributor, and how long it waits for the answer.
struct HealthSchedule {
  std::chrono::milliseconds interval = std::chrono::seconds{30};
  std::chrono::milliseconds timeout = std::chrono::seconds{1};
};

}  // namespace bulkhead
