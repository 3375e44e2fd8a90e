#include "app/monitoring_routes.hpp"

#include <fmt/format.h>
#include <functional>
#include <utility>

#include <bulkhead/error.hpp>

#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

using Handle = std::function<HttpResponse(const HttpRequest&)>;

void tellDenied(const HttpRequest& request, int status, SecurityLog& events) {
  SecurityEvent event{.kind = SecurityEventKind::MonitoringDenied,
                      .reason = request.peer.inside ? "missing_scope" : "outside",
                      .key_id = request.principal.key_id};
  if (status == 401) {
    event.kind = SecurityEventKind::AuthenticationFailed;
    event.reason = "no_credential";
  }
  events.record(eventOf(request, event));
}

/// Production says 404 where it means that the caller may not see it (C16); these routes have no
/// other.
bool isDenied(int status) {
  return status == 401 || status == 403 || status == 404;
}

Handle watched(Handle handle, SecurityLog& events) {
  return [handle = std::move(handle), &events](const HttpRequest& request) {
    try {
      HttpResponse response = handle(request);
      if (isDenied(response.status)) tellDenied(request, response.status, events);
      return response;
    } catch (const Error& error) {
      if (isDenied(statusOf(error))) tellDenied(request, statusOf(error), events);
      throw;
    }
  };
}

/// A wrong credential is refused here, and told by the authenticator.
Handle identified(Handle handle, const Authenticator& authenticator) {
  return [handle = std::move(handle), &authenticator](const HttpRequest& request) {
    HttpRequest known = request;
    if (!known.peer.admin_socket) known.principal = authenticator.authenticate(request);
    return handle(known);
  };
}

}  // namespace

std::vector<HostRoute> monitoringRoutes(const monitoring::MonitoringEndpoints& endpoints,
                                        const Authenticator& authenticator, SecurityLog& events,
                                        AdminAudit& audit) {
  std::vector<HostRoute> routes;
  for (auto& route : endpoints.routes()) {
    if (route.method != "GET") {
      route.handle =
          audit.covered(fmt::format("{} {}", route.method, route.path), std::move(route.handle));
    }
    routes.push_back({std::string{route.method},
                      std::string{route.path},
                      HostAccess::Open,
                      {},
                      AnsweredOn::MonitoringLane,
                      identified(watched(std::move(route.handle), events), authenticator),
                      true});
  }
  return routes;
}

}  // namespace bulkhead::host
