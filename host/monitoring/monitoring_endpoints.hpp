#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "monitoring/monitoring_sources.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host::monitoring {

/// C16: inside, the admin socket, or a key with `monitoring:read` or `admin`; else Error not found
/// (404) in production, so that nothing is given away, and authorization (403) otherwise.
void requireMonitoringAccess(const HttpRequest& request, bool production);

struct MonitoringRoute {
  std::string_view method;
  std::string_view path;
  std::function<HttpResponse(const HttpRequest&)> handle;  ///< captures the MonitoringEndpoints
};

/// The monitoring endpoints (S21..S28, S89, C1). Each checks its caller and its parameters and
/// throws Error for a refusal. They may take milliseconds, and database-stats asks the stores: not
/// for an event loop. Thread-safe.
class MonitoringEndpoints {
 public:
  explicit MonitoringEndpoints(MonitoringSources sources);

  /// /api/monitoring/metrics: JSON, Prometheus or OpenMetrics by C1; 400 and 406 are answered here,
  /// so that they too vary by Accept.
  HttpResponse metrics(const HttpRequest& request) const;
  HttpResponse metricsJson(const HttpRequest& request) const;
  HttpResponse metricsText(const HttpRequest& request) const;  ///< /metrics
  HttpResponse metricsPrometheus(const HttpRequest& request) const;
  HttpResponse slowQueries(const HttpRequest& request) const;
  HttpResponse slowApis(const HttpRequest& request) const;
  HttpResponse errors(const HttpRequest& request) const;
  HttpResponse report(const HttpRequest& request) const;
  HttpResponse databaseStats(const HttpRequest& request) const;
  HttpResponse cacheStats(const HttpRequest& request) const;
  /// S28: 401 without a credential, 403 without `admin`.
  HttpResponse clearCache(const HttpRequest& request) const;

  std::vector<MonitoringRoute> routes() const;

 private:
  HttpResponse represent(const HttpRequest& request, MetricsFormat format) const;

  const MonitoringSources sources_;
};

}  // namespace bulkhead::host::monitoring
