#include "capabilities/capability_exchange.hpp"

#include <utility>

namespace bulkhead::host {
namespace {

/// As a plugin gets it: of the caller it sees the tenant and the key, and none of its scopes.
HttpRequest requestOf(const RegisteredRoute& route, const CapabilityCall& call) {
  HttpRequest request;
  request.method = route.kind == EntryKind::Ask ? "ASK" : "CALL";
  request.target = request.path = route.path;
  request.headers = {{"content-type", "application/json"}};
  request.body = call.request;
  request.principal.tenant = call.trace.tenant;
  request.principal.key_id = call.trace.key_id;
  request.principal.authenticated = !call.trace.key_id.empty();
  request.principal.bound_to_tenants = !call.trace.tenant.empty();
  request.request_id = call.trace.request_id;
  request.trace_id = call.trace.trace_id;
  request.parent_span_id = call.trace.span_id;
  request.span_id = call.trace.span_id;
  request.call_depth = call.depth;
  return request;
}

}  // namespace

CapabilityExchange::CapabilityExchange(std::shared_ptr<const RegisteredRoute> route,
                                       const CapabilityCall& call, Time deadline, bool safe)
    : HomeCall{std::move(route), deadline}, request_{requestOf(this->route(), call)}, safe_{safe} {}

void CapabilityExchange::watch(std::unique_ptr<AnswerWatcher> watcher) {
  const std::lock_guard lock{mutex_};
  watcher_ = std::move(watcher);
}

bool CapabilityExchange::isAnswered() const noexcept {
  const std::lock_guard lock{mutex_};
  return answered_;
}

bool CapabilityExchange::take(Outcome outcome) {
  const std::lock_guard lock{mutex_};
  if (std::exchange(answered_, true)) return false;
  outcome_ = std::move(outcome);
  came_.notify_all();
  return true;
}

bool CapabilityExchange::respond(HttpResponse response) {
  return take({std::move(response), {}, false});
}

bool CapabilityExchange::refuse(const Error& error) {
  return take({{}, error, false});
}

CapabilityExchange::Outcome CapabilityExchange::await(const std::stop_token& given_up) {
  std::unique_lock lock{mutex_};
  came_.wait_until(lock, given_up, deadline(), [this] { return answered_; });
  if (!std::exchange(answered_, true)) outcome_.given_up = given_up.stop_requested();
  return std::move(outcome_);
}

void CapabilityExchange::judge(const HttpResponse& response) noexcept {
  std::unique_ptr<AnswerWatcher> watcher;
  {
    const std::lock_guard lock{mutex_};
    watcher.swap(watcher_);
  }
  if (watcher) watcher->answered(response);
}

void CapabilityExchange::excuse() noexcept {
  std::unique_ptr<AnswerWatcher> watcher;
  const std::lock_guard lock{mutex_};
  watcher.swap(watcher_);
}

}  // namespace bulkhead::host
