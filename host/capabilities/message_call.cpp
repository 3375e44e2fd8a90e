#include "capabilities/message_call.hpp"

#include <utility>

#include "runtime/error_response.hpp"

namespace bulkhead::host {

MessageCall::MessageCall(std::shared_ptr<const RegisteredRoute> route, Time deadline,
                         HttpRequest request, Done done)
    : HomeCall{std::move(route), deadline}, request_{std::move(request)}, done_{std::move(done)} {}

MessageCall::~MessageCall() {
  finish({}, nullptr);
}

void MessageCall::watch(std::unique_ptr<AnswerWatcher> watcher) {
  const std::lock_guard lock{mutex_};
  watcher_ = std::move(watcher);
}

bool MessageCall::isAnswered() const noexcept {
  const std::lock_guard lock{mutex_};
  return done_ == nullptr;
}

bool MessageCall::finish(Outcome outcome, const HttpResponse* judged) {
  Done done;
  std::unique_ptr<AnswerWatcher> watcher;
  {
    const std::lock_guard lock{mutex_};
    done = std::exchange(done_, nullptr);
    watcher = std::move(watcher_);
  }
  if (!done) return false;
  if (watcher && judged != nullptr) watcher->answered(*judged);
  done(std::move(outcome));
  return true;
}

bool MessageCall::respond(HttpResponse response) {
  const HttpResponse judged = HttpResponse::json(response.status, {});
  return finish({std::move(response), {}, deaths(), false}, &judged);
}

bool MessageCall::refuse(const Error& error) {
  const HttpResponse judged = errorResponse(error, {});
  return finish({{}, error, deaths(), false}, &judged);
}

void MessageCall::giveUp() {
  finish({{}, {}, deaths(), true}, nullptr);
}

}  // namespace bulkhead::host
