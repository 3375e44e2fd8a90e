#include "app/request_pipeline.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "app/body_work.hpp"
#include "http/middleware/content_coding.hpp"
#include "security/access.hpp"

namespace bulkhead::host {
namespace {

constexpr int kRetryAfterSeconds = 5;
constexpr std::chrono::milliseconds kHostDeadline{30'000};
/// Paths up to here are compared with every route, for people in development.
constexpr std::size_t kHintedPathBytes = 200;

Error unavailable(const Compartment& compartment) {
  const PluginStatus status = compartment.status();
  return Error::app("PLUGIN_UNAVAILABLE",
                    fmt::format("The service '{}' is {} at the moment; everything else works.",
                                status.id, nameOf(status.state)))
      .withRetryAfter(kRetryAfterSeconds);
}

Error nothingHere(std::string_view nearest = {}) {
  if (nearest.empty()) return Error::notFound("NOT_FOUND", "There is nothing here.");
  return Error::notFound("NOT_FOUND",
                         fmt::format("There is nothing here; the nearest route is {}.", nearest));
}

/// The <id> of "/api/<id>/...", or empty.
std::string_view pluginOf(std::string_view path) {
  constexpr std::string_view kPrefix = "/api/";
  if (!path.starts_with(kPrefix)) return {};
  path.remove_prefix(kPrefix.size());
  return path.substr(0, path.find('/'));
}

bool isOnManagementPort(const RouteMatch<std::shared_ptr<const RouteTarget>>& match) {
  return match.value != nullptr && (*match.value)->host && (*match.value)->host->on_management_port;
}

/// A plugin's request that came by the front.
class ExchangeCall final : public HomeCall {
 public:
  ExchangeCall(std::shared_ptr<Exchange> exchange, std::shared_ptr<const RegisteredRoute> route,
               Time deadline)
      : HomeCall{std::move(route), deadline}, exchange_{std::move(exchange)} {}

  void watch(std::unique_ptr<AnswerWatcher> watcher) override {
    exchange_->watch(std::move(watcher));
  }
  HttpRequest& request() noexcept override { return exchange_->request(); }
  bool isAnswered() const noexcept override { return exchange_->answered(); }
  bool respond(HttpResponse response) override { return exchange_->respond(std::move(response)); }
  bool refuse(const Error& error) override { return exchange_->refuse(error); }
  std::shared_ptr<ByteStream> openStream() override { return exchange_->openStream(); }
  std::size_t heldBytes() const noexcept override { return exchange_->heldBytes(); }
  bool hold(std::size_t bytes) override { return exchange_->hold(bytes); }

 private:
  const std::shared_ptr<Exchange> exchange_;
};

/// Tags come back as they were sent; plugins know nothing of the codings in them.
void restoreTags(HttpRequest& request) {
  for (auto& [name, value] : request.headers) {
    if (name == "if-match") value = withoutCoding(std::move(value));
  }
}

/// Probes and monitoring answer whoever may have them, as often as they are asked: from memory, and
/// by a lane that is theirs.
bool isUnlimited(const HttpRequest& request, const HostRoute& route) {
  return route.on_management_port || request.peer.admin_socket;
}

/// Whether an admission ended so because of what was sent, and not of a fault here.
bool isOfTheSender(ErrorKind kind) {
  return kind == ErrorKind::Authentication || kind == ErrorKind::Authorization ||
         kind == ErrorKind::NotFound || kind == ErrorKind::Validation;
}

/// A guess at a credential that a route looked at by itself, as admissions are counted.
Error counted(RateLimiter& limiter, const HttpRequest& request, const Error& error) {
  if (error.kind() != ErrorKind::Authentication || request.peer.admin_socket) return error;
  try {
    RateQuota unsaid;
    limiter.refused(request, unsaid);
  } catch (const Error& limited) {
    return limited;
  }
  return error;
}

HttpResponse optionsAnswer(const std::string& allow) {
  HttpResponse response;
  response.status = 204;
  response.addHeader("Allow", allow);
  return response;
}

}  // namespace

RequestPipeline::RequestPipeline(PipelineOptions options, PipelineServices services)
    : options_{options}, services_{std::move(services)} {}

void RequestPipeline::handle(const std::shared_ptr<Exchange>& exchange) const {
  HttpRequest& request = exchange->request();
  services_.peers.resolve(request);
  const auto table = services_.routes.table();
  auto match = table->match(request.method, request.path);
  using Outcome = RouteMatch<std::shared_ptr<const RouteTarget>>::Outcome;
  if (request.peer.management && !isOnManagementPort(match)) throw nothingHere();
  switch (match.outcome) {
    case Outcome::NotFound:
      limitHere(*exchange);
      refuseUnmatched(exchange, table);
      return;
    case Outcome::Options:
      exchange->respond(optionsAnswer(match.allow));
      return;
    case Outcome::MethodNotAllowed:
      limitHere(*exchange);
      exchange->refuse(
          Error::validation("METHOD_NOT_ALLOWED", fmt::format("{} is not offered here; {} are.",
                                                              request.method, match.allow)),
          {{"Allow", match.allow}});
      return;
    case Outcome::Found:
      break;
  }
  exchange->labels().route = match.route_template;
  request.path_parameters = std::move(match.parameters);
  const RouteTarget& target = **match.value;
  if (target.host) {
    answerHostRoute(exchange, target.host);
    return;
  }
  exchange->labels().plugin = match.owner;
  restoreTags(request);
  admit(*exchange, [&] { admitToPluginRoute(request, target.route->contract); });
  limit(exchange, services_.limiter.caseOf(request, match.owner, target.compartment->rateLimit()),
        [this, exchange = exchange.get(), target = *match.value] {
          submitToPlugin(exchange->shared_from_this(), *target);
        });
}

/// Without a word to anybody else: of what is refused anyway.
void RequestPipeline::limitHere(Exchange& exchange) const {
  if (exchange.request().peer.admin_socket) return;
  services_.limiter.decide(exchange.request(), services_.limiter.caseOf(exchange.request()),
                           exchange.labels().quota);
}

template <class Next>
void RequestPipeline::limit(const std::shared_ptr<Exchange>& exchange, const RateCase& asked,
                            Next next) const {
  if (asked.count > 0 && services_.limiter.isShared() && limitTogether(exchange, asked, next))
    return;
  services_.limiter.decide(exchange->request(), asked, exchange->labels().quota);
  next();
}

bool RequestPipeline::limitTogether(const std::shared_ptr<Exchange>& exchange,
                                    const RateCase& asked, std::function<void()> next) const {
  RateLimiter& limiter = services_.limiter;
  auto conclude = [&limiter, exchange = exchange.get(), asked,
                   next = std::move(next)](const std::optional<RateQuota>& verdict) {
    RateQuota& quota = exchange->labels().quota;
    if (verdict) {
      limiter.settle(exchange->request(), asked, *verdict, quota);
    } else {
      limiter.decide(exchange->request(), asked, quota);
    }
    next();
  };
  return limiter.share(asked, [exchange, conclude = std::move(conclude)](const RateQuota* verdict) {
    exchange->goOn([conclude, quota = verdict == nullptr ? std::nullopt : std::optional{*verdict}] {
      conclude(quota);
    });
  });
}

BodyRule RequestPipeline::bodyRule(const HttpRequest& request) const {
  const auto table = services_.routes.table();
  const auto match = table->match(request.method, request.path);
  if (match.value == nullptr || !(*match.value)->route) return {options_.body_bytes_max};
  const RouteContract& contract = (*match.value)->route->contract;
  return {contract.bodyLimitBytes(), contract.streamsRequest()};
}

Lane& RequestPipeline::laneOf(const HostRoute& route) const {
  switch (route.answered_on) {
    case AnsweredOn::MonitoringLane:
      return services_.monitoring_lane;
    case AnsweredOn::ChangeLane:
      return services_.change_lane;
    default:
      return services_.admin_lane;
  }
}

void RequestPipeline::answerHostRoute(const std::shared_ptr<Exchange>& exchange,
                                      const std::shared_ptr<const HostRoute>& route) const {
  HttpRequest& request = exchange->request();
  admit(*exchange, [&] { admitToHostRoute(request, *route); });
  if (isUnlimited(request, *route)) return submitToHost(exchange, route);
  limit(exchange, services_.limiter.caseOf(request), [this, exchange = exchange.get(), route] {
    submitToHost(exchange->shared_from_this(), route);
  });
}

void RequestPipeline::submitToHost(const std::shared_ptr<Exchange>& exchange,
                                   const std::shared_ptr<const HostRoute>& route) const {
  if (route->answered_on == AnsweredOn::Loop) {
    exchange->respond(route->answer(exchange->request()));
    return;
  }
  exchange->setDeadline(route->deadline);
  const bool taken = laneOf(*route).submit(
      [exchange, route, &limiter = services_.limiter](bool expired) {
        if (expired) return;
        try {
          exchange->respond(finishBody(exchange->request(), route->answer(exchange->request())));
        } catch (const Error& error) {
          exchange->refuse(counted(limiter, exchange->request(), error));
        } catch (const std::exception&) {
          exchange->refuse(Error::app(
              "INTERNAL_ERROR", "The request could not be completed. The fault has been logged."));
        }
      },
      std::chrono::steady_clock::now() + route->deadline);
  if (!taken)
    throw Error::app("OVERLOADED", "The host is busy with requests of this kind.")
        .withRetryAfter(1);
}

void RequestPipeline::submitToPlugin(const std::shared_ptr<Exchange>& exchange,
                                     const RouteTarget& target) const {
  const RouteContract& contract = target.route->contract;
  const bool streams = contract.streams() != RouteStreams::None;
  const auto deadline =
      streams ? contract.deadline() : std::min(contract.deadline(), target.compartment->deadline());
  exchange->setDeadline(deadline);
  const auto call = std::make_shared<ExchangeCall>(exchange, target.route,
                                                   std::chrono::steady_clock::now() + deadline);
  if (!target.compartment->submit(call))
    refuseUntaken(*target.compartment, streams ? "streams open" : "requests waiting");
}

void RequestPipeline::refuseUntaken(const Compartment& compartment, std::string_view what) {
  if (!compartment.isRunning()) throw unavailable(compartment);
  throw Error::app("OVERLOADED", fmt::format("The service '{}' has as many {} as it may.",
                                             compartment.id(), what))
      .withRetryAfter(1);
}

/// Who is not let in asks no limit of its own; that it was refused counts where it comes from.
template <class Admission>
void RequestPipeline::admit(Exchange& exchange, Admission admission) const {
  try {
    admission();
  } catch (const Error& error) {
    if (isOfTheSender(error.kind()))
      services_.limiter.refused(exchange.request(), exchange.labels().quota);
    throw;
  }
}

void RequestPipeline::admitToHostRoute(HttpRequest& request, const HostRoute& route) const {
  if (route.access == HostAccess::Open || request.peer.admin_socket) return;
  if (route.access == HostAccess::AdminSocket) throw nothingHere();
  request.principal = services_.authenticator.admit(request, Access::Admin, route.scope);
}

void RequestPipeline::admitToPluginRoute(HttpRequest& request,
                                         const RouteContract& contract) const {
  if (contract.access() == RouteAccess::Public) return;
  const bool is_admin = contract.access() == RouteAccess::Admin;
  request.principal = services_.authenticator.admit(request, is_admin ? Access::Admin : Access::Key,
                                                    contract.scope());
  if (!is_admin) requireTenant(request.principal);
}

/// A route of a closed plugin is unknown, but its prefix is not: that is 503, never 404 (design
/// §3).
void RequestPipeline::refuseUnmatched(const std::shared_ptr<Exchange>& exchange,
                                      std::shared_ptr<const Routes> table) const {
  if (const std::string_view id = pluginOf(exchange->request().path); !id.empty()) {
    if (services_.starting())
      throw Error::app("PLUGIN_UNAVAILABLE", "The host is still starting its plugins.")
          .withRetryAfter(1);
    const auto compartment = services_.find_compartment(id);
    if (compartment && !compartment->isRunning()) {
      exchange->labels().plugin = compartment->id();
      throw unavailable(*compartment);
    }
  }
  const bool hints = options_.development && exchange->request().path.size() <= kHintedPathBytes;
  if (!hints) throw nothingHere();
  const bool taken = services_.monitoring_lane.submit(
      [exchange, table = std::move(table)](bool) {
        exchange->refuse(nothingHere(table->nearest(exchange->request().path)));
      },
      std::chrono::steady_clock::now() + kHostDeadline);
  if (!taken) throw nothingHere();
}

}  // namespace bulkhead::host
