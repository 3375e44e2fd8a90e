#include "health/health_endpoints.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host::health {
namespace {

constexpr std::string_view kHealthJson = "application/health+json";
constexpr HeaderLines kJsonLines{
    "Content-Type: application/json\r\n"
    "Cache-Control: no-store, no-cache\r\n"
    "Pragma: no-cache\r\n"};
constexpr HeaderLines kHealthJsonLines{
    "Content-Type: application/health+json\r\n"
    "Cache-Control: no-store, no-cache\r\n"
    "Pragma: no-cache\r\n"};

HttpResponse answer(bool good, std::string body, HeaderLines lines = kJsonLines) {
  HttpResponse response;
  response.status = good ? 200 : 503;
  response.fixed_headers = lines;
  response.body = std::move(body);
  if (!good) response.headers.emplace_back("Retry-After", "5");
  return response;
}

bool wantsDetails(const HttpRequest& request) {
  const std::string* details = request.queryValue("details");
  if (details == nullptr || *details == "false" || *details == "0") return false;
  if (*details == "true" || *details == "1") return true;
  throw Error::validation("VALIDATION_ERROR", "details must be true, false, 1 or 0.");
}

std::string lowerWithoutSpaces(std::string_view text) {
  std::string lower;
  for (const char c : text) {
    if (c != ' ' && c != '\t') lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return lower;
}

/// True when an Accept header names the media type itself with a quality above zero.
bool asksForHealthJson(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers) {
    if (name != "accept") continue;
    const std::string accept = lowerWithoutSpaces(value);
    std::size_t begin = 0;
    while (begin <= accept.size()) {
      const std::size_t end = std::min(accept.find(',', begin), accept.size());
      const std::string_view item = std::string_view{accept}.substr(begin, end - begin);
      const bool named = item.substr(0, item.find(';')) == kHealthJson;
      const auto quality = item.find(";q=");
      const bool refused =
          quality != std::string_view::npos &&
          item.substr(quality + 3).find_first_of("123456789") == std::string_view::npos;
      if (named && !refused) return true;
      begin = end + 1;
    }
  }
  return false;
}

}  // namespace

DetailsPolicy detailsPolicy(std::string_view word) {
  if (word == "never") return DetailsPolicy::Never;
  return word == "always" ? DetailsPolicy::Always : DetailsPolicy::WhenAuthorized;
}

HealthEndpoints::HealthEndpoints(HealthSources sources)
    : sources_{std::move(sources)}, details_{sources_.policy.details} {}

HttpResponse HealthEndpoints::health(const HttpRequest& request) const {
  return aggregate(request, View::Health);
}

HttpResponse HealthEndpoints::monitoringHealth(const HttpRequest& request) const {
  return aggregate(request, View::Monitoring);
}

HttpResponse HealthEndpoints::quick(const HttpRequest&) const {
  return answer(true, quickDocument(assess(sources_, View::Health), sources_));
}

HttpResponse HealthEndpoints::readiness(const HttpRequest& request) const {
  const Readiness state = health::readiness(sources_);
  return answer(state.ready, readinessDocument(state, disclosureFor(request, false)));
}

HttpResponse HealthEndpoints::liveness(const HttpRequest& request) const {
  const bool alive = sources_.state.watchdog().isAlive();
  return answer(alive, livenessDocument(sources_.state, alive, disclosureFor(request, false)));
}

HttpResponse HealthEndpoints::startup(const HttpRequest& request) const {
  return answer(sources_.state.hasStarted(),
                startupDocument(sources_.state, disclosureFor(request, false)));
}

std::vector<HealthRoute> HealthEndpoints::routes() const {
  using Method = HttpResponse (HealthEndpoints::*)(const HttpRequest&) const;
  const auto route = [this](std::string_view path, Method method) {
    return HealthRoute{
        path, [this, method](const HttpRequest& request) { return (this->*method)(request); }};
  };
  return {route("/health", &HealthEndpoints::health),
          route("/health/quick", &HealthEndpoints::quick),
          route("/healthz", &HealthEndpoints::quick),
          route("/health/readiness", &HealthEndpoints::readiness),
          route("/readyz", &HealthEndpoints::readiness),
          route("/api/monitoring/ready", &HealthEndpoints::readiness),
          route("/health/liveness", &HealthEndpoints::liveness),
          route("/livez", &HealthEndpoints::liveness),
          route("/api/monitoring/live", &HealthEndpoints::liveness),
          route("/health/startup", &HealthEndpoints::startup),
          route("/api/monitoring/health", &HealthEndpoints::monitoringHealth)};
}

Disclosure HealthEndpoints::disclosureFor(const HttpRequest& request, bool wants_details) const {
  const bool trusted = request.peer.inside || request.peer.admin_socket ||
                       request.principal.has("monitoring:read") || request.principal.has("admin");
  Disclosure disclosure;
  disclosure.coarse = !trusted;
  switch (details_.load()) {
    case DetailsPolicy::Never:
      break;
    case DetailsPolicy::WhenAuthorized:
      disclosure.details = wants_details && trusted;
      break;
    case DetailsPolicy::Always:
      disclosure.details = wants_details;
      break;
  }
  return disclosure;
}

HttpResponse HealthEndpoints::aggregate(const HttpRequest& request, View view) const {
  const Disclosure disclosure = disclosureFor(request, wantsDetails(request));
  sources_.registry.requestImmediateOfFailing();
  const Assessment assessment = assess(sources_, view);
  const bool good = assessment.overall != Status::Critical;
  HttpResponse response =
      asksForHealthJson(request)
          ? answer(good, healthJsonDocument(sources_, assessment, disclosure), kHealthJsonLines)
      : view == View::Health ? answer(good, healthDocument(sources_, assessment, disclosure))
                             : answer(good, monitoringDocument(sources_, assessment, disclosure));
  response.addHeader("Vary", "Accept");
  return response;
}

}  // namespace bulkhead::host::health
