#include "monitoring/monitoring_endpoints.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "monitoring/exposition.hpp"
#include "monitoring/monitoring_documents.hpp"
#include "runtime/error_response.hpp"

namespace bulkhead::host::monitoring {
namespace {

constexpr std::int64_t kWindowDefault = 60;
constexpr std::int64_t kLimitDefault = 10;
constexpr std::int64_t kLimitMax = 1000;

std::int64_t integerOf(const HttpRequest& request, std::string_view name, std::int64_t fallback,
                       std::int64_t max) {
  const std::string* text = request.queryValue(name);
  if (text == nullptr) return fallback;
  std::int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, value);
  if (parsed.ec == std::errc{} && parsed.ptr == end && value >= 1 && value <= max) return value;
  throw Error::validation("VALIDATION_ERROR", std::string{name} + " must be an integer from 1 to " +
                                                  std::to_string(max) + ".");
}

std::int64_t windowOf(const HttpRequest& request) {
  return integerOf(request, "window", kWindowDefault, PerformanceWindow::kMinutesMax);
}

std::size_t limitOf(const HttpRequest& request) {
  return static_cast<std::size_t>(integerOf(request, "limit", kLimitDefault, kLimitMax));
}

HttpResponse fresh(std::string body, std::string_view content_type = "application/json") {
  HttpResponse response = HttpResponse::text(200, std::move(body), content_type);
  response.addHeader("Cache-Control", "no-store");
  return response;
}

HttpResponse refused(const HttpRequest& request, const Error& error) {
  return errorResponse(error, {request.path, request.trace_id, request.request_id, false, false});
}

}  // namespace

void requireMonitoringAccess(const HttpRequest& request, bool production) {
  const bool allowed = request.peer.inside || request.peer.admin_socket ||
                       request.principal.has("monitoring:read") || request.principal.has("admin");
  if (allowed) return;
  if (production) throw Error::notFound("NOT_FOUND", "There is nothing at this path.");
  throw Error::authorization("AUTHORIZATION_ERROR",
                             "Monitoring needs an allowed network or the scope monitoring:read.");
}

MonitoringEndpoints::MonitoringEndpoints(MonitoringSources sources)
    : sources_{std::move(sources)} {}

HttpResponse MonitoringEndpoints::metrics(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  HttpResponse response;
  try {
    response = represent(request, negotiate(request, sources_.default_format));
  } catch (const Error& error) {
    response = refused(request, error);
  }
  response.addHeader("Vary", "Accept");
  return response;
}

HttpResponse MonitoringEndpoints::metricsJson(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  return represent(request, MetricsFormat::Json);
}

HttpResponse MonitoringEndpoints::metricsText(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  HttpResponse response = represent(request, negotiateText(request));
  response.addHeader("Vary", "Accept");
  return response;
}

HttpResponse MonitoringEndpoints::metricsPrometheus(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  return represent(request, MetricsFormat::Prometheus);
}

HttpResponse MonitoringEndpoints::slowQueries(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  return fresh(slowQueriesDocument(sources_, limitOf(request)));
}

HttpResponse MonitoringEndpoints::slowApis(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  return fresh(slowApisDocument(sources_, limitOf(request)));
}

HttpResponse MonitoringEndpoints::errors(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  return fresh(errorsDocument(sources_, limitOf(request)));
}

HttpResponse MonitoringEndpoints::report(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  return fresh(reportDocument(sources_, windowOf(request)));
}

HttpResponse MonitoringEndpoints::databaseStats(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  return fresh(databaseStatsDocument(sources_));
}

HttpResponse MonitoringEndpoints::cacheStats(const HttpRequest& request) const {
  requireMonitoringAccess(request, sources_.production);
  return fresh(cacheStatsDocument(sources_));
}

HttpResponse MonitoringEndpoints::clearCache(const HttpRequest& request) const {
  if (!request.principal.authenticated && !request.peer.admin_socket)
    throw Error::authentication("AUTHENTICATION_ERROR", "An API key is required.");
  if (!request.principal.has("admin") && !request.peer.admin_socket)
    throw Error::authorization("AUTHORIZATION_ERROR", "The scope admin is required.");
  const std::size_t cleared = sources_.clear_caches ? sources_.clear_caches() : 0;
  return fresh(toJson([&](JsonWriter& out) { out.object("cleared", cleared); }));
}

std::vector<MonitoringRoute> MonitoringEndpoints::routes() const {
  using Method = HttpResponse (MonitoringEndpoints::*)(const HttpRequest&) const;
  const auto get = [this](std::string_view path, Method method) {
    return MonitoringRoute{"GET", path, [this, method](const HttpRequest& request) {
                             return (this->*method)(request);
                           }};
  };
  std::vector<MonitoringRoute> routes{
      get("/metrics", &MonitoringEndpoints::metricsText),
      get("/api/monitoring/metrics", &MonitoringEndpoints::metrics),
      get("/api/monitoring/metrics.json", &MonitoringEndpoints::metricsJson),
      get("/api/monitoring/metrics.prom", &MonitoringEndpoints::metricsPrometheus),
      get("/api/monitoring/slow-queries", &MonitoringEndpoints::slowQueries),
      get("/api/monitoring/slow-apis", &MonitoringEndpoints::slowApis),
      get("/api/monitoring/errors", &MonitoringEndpoints::errors),
      get("/api/monitoring/report", &MonitoringEndpoints::report),
      get("/api/monitoring/database-stats", &MonitoringEndpoints::databaseStats),
      get("/api/monitoring/cache-stats", &MonitoringEndpoints::cacheStats)};
  routes.push_back({"POST", "/api/monitoring/cache/clear",
                    [this](const HttpRequest& request) { return clearCache(request); }});
  return routes;
}

HttpResponse MonitoringEndpoints::represent(const HttpRequest& request,
                                            MetricsFormat format) const {
  switch (format) {
    case MetricsFormat::Prometheus:
      return fresh(prometheusText(sources_.metrics.Collect()), kPrometheusType);
    case MetricsFormat::OpenMetrics:
      return fresh(openMetricsText(sources_.metrics.Collect()), kOpenMetricsType);
    case MetricsFormat::Json:
      break;
  }
  return fresh(metricsDocument(sources_, windowOf(request)));
}

}  // namespace bulkhead::host::monitoring
