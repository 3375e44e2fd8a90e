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

// Each of these names every member of its class, so that one that is added does not compile before
// it is emptied, too. Those of Exchange itself are renew()'s to know.

void empty(Peer& peer) {
  auto& [address, inside, admin_socket, management, secure] = peer;
  address.clear();
  inside = admin_socket = management = secure = false;
}

void empty(Principal& principal) {
  auto& [key_id, tenant, scopes, authenticated, bound_to_tenants] = principal;
  key_id.clear();
  tenant.clear();
  scopes.clear();
  authenticated = bound_to_tenants = false;
}

void empty(HttpRequest& request) {
  auto& [method, target, path, query, headers, body, body_stream, peer, principal, request_id,
         trace_id, parent_span_id, span_id, path_parameters, own_request_id, received_us,
         call_depth, link_call] = request;
  for (std::string* text :
       {&method, &target, &path, &body, &request_id, &trace_id, &parent_span_id, &span_id})
    text->clear();
  for (Fields* fields : {&query, &headers, &path_parameters}) fields->clear();
  body_stream.reset();
  empty(peer);
  empty(principal);
  own_request_id = false;
  received_us = 0;
  call_depth = 0;
  link_call = 0;
}

void empty(HttpResponse& response) {
  auto& [status, fixed_headers, headers, body, refusal, stream] = response;
  status = 200;
  fixed_headers = {};
  headers.clear();
  body.clear();
  refusal.kind = ErrorKind::App;
  refusal.code.clear();
  refusal.message.clear();
  stream.reset();
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
  has_streams_ = true;
  return std::make_shared<ByteStream>([self = weak_from_this(), to = stream_sink_] {
    auto exchange = self.lock();
    const auto sink = to.lock();
    if (exchange && sink) sink->moved(std::move(exchange));
  });
}

void Exchange::goOn(std::function<void()> step) {
  if (const auto sink = stream_sink_.lock()) sink->goesOn(shared_from_this(), std::move(step));
}

bool Exchange::isSpare(const std::shared_ptr<Exchange>& exchange) {
  if (exchange.use_count() != 1) return false;
  // Who had the others let go of them in release order; this acquires what they wrote.
  std::shared_ptr<Exchange>{exchange}.reset();
  return !exchange->has_streams_ && exchange->isSmall();
}

bool Exchange::isSmall() const noexcept {
  constexpr std::size_t kTextBytesMax = 4 * 1024;
  constexpr std::size_t kFieldsMax = 32;
  const std::size_t text_bytes = request_.target.capacity() + request_.path.capacity() +
                                 request_.body.capacity() + response_.body.capacity() +
                                 response_.refusal.message.capacity();
  const std::size_t fields =
      request_.headers.capacity() + request_.query.capacity() + response_.headers.capacity();
  return text_bytes <= kTextBytesMax && fields <= kFieldsMax;
}

void Exchange::renew(std::shared_ptr<AnswerSink> sink) {
  empty(request_);
  empty(response_);
  labels_.route.clear();
  labels_.plugin.clear();
  if (labels_.quota.decided) labels_.quota = {};
  sink_ = std::move(sink);
  watcher_.reset();
  held_.release();
  answered_.store(false, std::memory_order_relaxed);
  deadline_us_.store(INT64_MAX, std::memory_order_relaxed);
  connection_ = nullptr;
  bytes_in_ = bytes_out_ = waiting_bytes_ = 0;
  delivered_ = answered_by_front_ = head_sent_ = ends_connection_ = false;
  broken_off_ = close_after_ = http_1_0_ = false;
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
