#include "http/exchange.hpp"

#include <algorithm>
#include <utility>

#include "runtime/error_response.hpp"

namespace bulkhead::host {
namespace {

std::int64_t nowMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             Exchange::Clock::now().time_since_epoch())
      .count();
}

bool wantsProblemJson(const HttpRequest& request) {
  const std::string* accept = request.header("accept");
  return accept != nullptr && accept->find("application/problem+json") != std::string::npos;
}

}  // namespace

bool Exchange::respond(HttpResponse response) {
  if (!claim()) return false;
  if (const auto watcher = std::move(watcher_)) watcher->answered(response);
  response_ = std::move(response);
  // Let go of first: a sink that keeps the exchange and is kept by it would never end.
  const std::shared_ptr<AnswerSink> sink = std::move(sink_);
  sink->answered(shared_from_this());
  return true;
}

std::shared_ptr<ByteStream> Exchange::openStream() {
  return std::make_shared<ByteStream>([self = weak_from_this(), to = stream_sink_] {
    auto exchange = self.lock();
    const auto sink = to.lock();
    if (exchange && sink) sink->moved(std::move(exchange));
  });
}

bool Exchange::refuse(const Error& error, const Fields& headers) {
  const ErrorContext context{.path = request_.path,
                             .trace_id = request_.trace_id,
                             .request_id = request_.request_id,
                             .problem_json = wantsProblemJson(request_),
                             .development = development_};
  HttpResponse response = errorResponse(error, context);
  for (const auto& [name, value] : headers) response.addHeader(name, value);
  return respond(std::move(response));
}

void Exchange::setDeadline(std::chrono::milliseconds from_now) {
  deadline_us_.store(
      nowMicroseconds() + std::chrono::duration_cast<std::chrono::microseconds>(from_now).count(),
      std::memory_order_relaxed);
}

std::chrono::milliseconds Exchange::remaining() const noexcept {
  const std::int64_t deadline_us = deadline_us_.load(std::memory_order_relaxed);
  if (deadline_us == INT64_MAX) return std::chrono::milliseconds::max();
  return std::chrono::milliseconds{std::max<std::int64_t>(0, deadline_us - nowMicroseconds()) /
                                   1000};
}

}  // namespace bulkhead::host
