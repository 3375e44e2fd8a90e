#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/peer_policy.hpp"
#include "app/route_catalog.hpp"
#include "http/exchange.hpp"
#include "http/front_options.hpp"
#include "runtime/lane.hpp"
#include "security/authenticator.hpp"
#include "security/rate_limiter.hpp"

namespace bulkhead::host {

struct PipelineOptions {
  bool development = false;  ///< C16: refused monitoring routes say 403 instead of 404; 404 names
                             ///< the nearest route
  std::size_t body_bytes_max = 1024 * 1024;
};

/// What the pipeline asks of the rest of the host; callable on a loop, so from memory and without
/// waiting.
struct PipelineServices {
  RouteCatalog& routes;
  const PeerPolicy& peers;
  Lane& admin_lane;
  Lane& monitoring_lane;
  Lane& change_lane;
  const Authenticator& authenticator;
  RateLimiter& limiter;
  std::function<bool()> starting;  ///< plugins are still being started
  /// Closed plugins by path prefix: the compartment that "/api/<id>/..." belongs to, or null.
  std::function<std::shared_ptr<Compartment>(std::string_view id)> find_compartment;
};

/// The way of a request on the loop: peer truth, route, credential, tenant, rate limit, admission;
/// then the plugin's lane.
class RequestPipeline {
 public:
  RequestPipeline(PipelineOptions options, PipelineServices services);

  /// The front's handler. Answers, or hands the exchange to a lane. Refusals leave it as Error.
  void handle(const std::shared_ptr<Exchange>& exchange) const;
  /// The front's question: how large may this request's body be?
  BodyRule bodyRule(const HttpRequest& request) const;

 private:
  template <class Next>
  void limit(const std::shared_ptr<Exchange>& exchange, const RateCase& asked, Next next) const;
  /// Asks the replicas' common limits: the loop goes on with its other requests meanwhile. False
  /// when they are not to be had.
  bool limitTogether(const std::shared_ptr<Exchange>& exchange, const RateCase& asked,
                     std::function<void()> next) const;
  void limitHere(Exchange& exchange) const;
  Lane& laneOf(const HostRoute& route) const;
  void answerHostRoute(const std::shared_ptr<Exchange>& exchange,
                       const std::shared_ptr<const HostRoute>& route) const;
  void submitToHost(const std::shared_ptr<Exchange>& exchange,
                    const std::shared_ptr<const HostRoute>& route) const;
  void submitToPlugin(const std::shared_ptr<Exchange>& exchange, const RouteTarget& target) const;
  [[noreturn]] static void refuseUntaken(const Compartment& compartment, std::string_view what);
  template <class Admission>
  void admit(Exchange& exchange, Admission admission) const;
  void admitToHostRoute(HttpRequest& request, const HostRoute& route) const;
  void admitToPluginRoute(HttpRequest& request, const RouteContract& contract) const;
  void refuseUnmatched(const std::shared_ptr<Exchange>& exchange,
                       std::shared_ptr<const Routes> table) const;

  const PipelineOptions options_;
  const PipelineServices services_;
};

}  // namespace bulkhead::host
