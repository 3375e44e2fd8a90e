#pragma once

#include <atomic>
#include <functional>
#include <string_view>
#include <vector>

#include "health/health_documents.hpp"
#include "health/health_sources.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host::health {

/// A GET route of the host, open to everyone.
struct HealthRoute {
  std::string_view path;
  std::function<HttpResponse(const HttpRequest&)> handle;  ///< captures the HealthEndpoints
};

/// The health endpoints of all dialects: 503 with Retry-After where the state says so, never
/// cacheable. They read the snapshot and wait for nothing, so they may run on an event loop.
/// Refusals (a `details` that is no boolean) are thrown as Error. Thread-safe.
class HealthEndpoints {
 public:
  explicit HealthEndpoints(HealthSources sources);

  HttpResponse health(const HttpRequest& request) const;            ///< S1..S4, S10..S20
  HttpResponse quick(const HttpRequest& request) const;             ///< S5, S6, S9
  HttpResponse readiness(const HttpRequest& request) const;         ///< S7, S88
  HttpResponse liveness(const HttpRequest& request) const;          ///< S8, S87
  HttpResponse startup(const HttpRequest& request) const;           ///< 503 until started once
  HttpResponse monitoringHealth(const HttpRequest& request) const;  ///< S86, S90..S93

  /// Every path with its handler: /health, /health/quick, /healthz, /health/readiness, /readyz,
  /// /api/monitoring/ready, /health/liveness, /livez, /api/monitoring/live, /health/startup,
  /// /api/monitoring/health.
  std::vector<HealthRoute> routes() const;

  /// Who sees details from now on. Any thread.
  void setDetails(DetailsPolicy details) noexcept { details_ = details; }

  const HealthSources& sources() const { return sources_; }

 private:
  Disclosure disclosureFor(const HttpRequest& request, bool wants_details) const;
  HttpResponse aggregate(const HttpRequest& request, View view) const;

  const HealthSources sources_;
  std::atomic<DetailsPolicy> details_;
};

}  // namespace bulkhead::host::health
