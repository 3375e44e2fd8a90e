#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::host::health {

/// One scale for everything (C2); each dialect has its own words for it. Ordered: worse is greater.
enum class Status { Healthy, Degraded, Critical };

enum class CheckKind { Database, Cache, Service, Component, Performance, Memory };

/// What a failing check may do to the whole (ops §5.4): nothing, degrade it, or make it critical.
enum class Weight { Info, Degrading, Critical };

/// The two roll-ups of the same results (C3): `Health` is /health*, `Monitoring` is
/// /api/monitoring/*.
enum class View { Health, Monitoring };

struct Weights {
  Weight health = Weight::Degrading;
  Weight monitoring = Weight::Degrading;

  Weight of(View view) const { return view == View::Health ? health : monitoring; }
};

/// What one run of a check found.
struct CheckResult {
  Status status = Status::Healthy;
  std::string code = "ok";  ///< for machines: "ok", "timeout", "exception", or the check's own
  std::string message;      ///< for a person; redacted and cut before anyone sees it (S130)
  std::optional<bool> configured;  ///< false: no credentials (C13); such a check degrades nothing
  std::optional<double> observed;
  std::string unit;  ///< of `observed`
};

/// A contributor. `check` runs on a thread of the registry, never on two at once; it should give up
/// within `budget`, and is counted as failed ("timeout") when it does not. What it throws is a
/// critical result.
struct CheckSpec {
  std::string owner;  ///< plugin id, or "host"
  std::string name;   ///< unique in the host: "database", "stripe.api"
  CheckKind kind = CheckKind::Component;
  std::chrono::milliseconds interval = std::chrono::seconds{30};
  std::chrono::milliseconds timeout = std::chrono::seconds{1};
  Weights weights;
  int failure_threshold = 2;  ///< bad results in a row before the shown status gets worse
  int success_threshold = 1;  ///< better results in a row before it gets better
  std::function<CheckResult(std::chrono::milliseconds budget)> check;
};

std::string_view nameOf(CheckKind kind);
/// "critical", "degrading" or "info".
std::string_view nameOf(Weight weight);
/// "healthy", "degraded", and "critical" or "unhealthy" by dialect (C2).
std::string_view nameOf(Status status, View view);

/// `message` as it may leave the host: at most 200 bytes, no control characters, and words that
/// look like a URL, DSN or address with a user replaced (S130).
std::string publicMessage(std::string_view message);

}  // namespace bulkhead::host::health
