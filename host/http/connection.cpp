#include "http/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "http/request_ids.hpp"

namespace bulkhead::host {
namespace {

constexpr std::uint64_t kLingerBytesMax = 256 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr const char* kAllowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

bool isSafe(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

}  // namespace

Connection::Connection(EventLoop& loop, FileDescriptor fd, Peer peer)
    : loop_{loop},
      socket_{std::move(fd)},
      peer_{std::move(peer)},
      reader_{loop.shared().options.head},
      standing_since_us_{loop.now()},
      phase_since_us_{loop.now()} {
  timer_.owner = this;
}

Connection::~Connection() {
  close();
}

Connection& Connection::of(TimerNode& node) {
  return *static_cast<Timer&>(node).owner;
}

void Connection::start(EventLoop::Connections::iterator position, const Service& service) {
  position_ = position;
  watched_ = EPOLLIN;
  if ((service.tls || service.proxy_protocol) && !beginOpening(service)) {
    close();
    return;
  }
  if (!loop_.watch(*this, socket_.descriptor(), watched_, true)) {
    close();
    return;
  }
  loop_.schedule(timer_, dueTime());
}

void Connection::turnAway() {
  if (isClosed()) return;
  if (opening_) {
    loop_.counters().count(Rejection::ConnectionCap);
    close();
    return;
  }
  beginRequest();
  refuse(Error::app("OVERLOADED", "Too many connections.").withRetryAfter(1),
         Rejection::ConnectionCap);
  settle();
}

void Connection::onEvents(std::uint32_t events) {
  if (isClosed()) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) {
    close();
    return;
  }
  if (opening_) {
    open();
    settle();
    return;
  }
  const bool session_waited = socket_.wantsWrite() && output_.empty() && !lingering_;
  if ((events & EPOLLOUT) != 0) onWritable();
  if (!isClosed() && (events & EPOLLOUT) != 0) flushAgain();
  if (!isClosed() && ((events & EPOLLIN) != 0 || session_waited)) readSome();
  if (!flushIsNext()) settle();
}

/// The loop delivers what was answered at once before it does anything else.
bool Connection::flushIsNext() const {
  return !pending_.empty() && loop_.mailbox()->isNewestLocal(*pending_.back());
}

void Connection::onWritable() {
  if (lingering_) {
    socket_.finishSending();
    return;
  }
  send({});
  afterWrite();
}

void Connection::readSome() {
  auto& buffer = loop_.readBuffer();
  const ssize_t count = socket_.receive(buffer);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return;
  }
  if (count == 0) {
    onPeerClosed();
    return;
  }
  const auto bytes = static_cast<std::size_t>(count);
  if (lingering_) {
    linger_bytes_ += bytes;
    if (linger_bytes_ > kLingerBytesMax) close();
    return;
  }
  consume({buffer.data(), bytes});
}

/// A half-closed client still reads: what it asked for completely is answered (RFC 9112 §9.6).
void Connection::onPeerClosed() {
  peer_closed_ = true;
  const bool cut = !last_request_ && (reader_.inHead() || reader_.inBody());
  if (upload_) {
    failUpload(Error::validation("MALFORMED_REQUEST", "The request is incomplete."),
               Rejection::BodyIncomplete);
  } else if (cut && !lingering_) {
    refuse(Error::validation("MALFORMED_REQUEST", "The request is incomplete."),
           Rejection::BodyIncomplete);
  } else if (lingering_ || (pending_.empty() && output_.empty())) {
    close();
  } else {
    last_request_ = true;
    if (!pending_.empty()) pending_.back()->close_after_ = true;
  }
}

void Connection::consume(std::string_view bytes) {
  while (readStep(bytes)) {
  }
  if (isClosed()) return;
  if (last_request_ && !upload_) {
    must_linger_ |= !bytes.empty();
  } else {
    input_.append(bytes);
  }
}

/// One step of reading; false when there is nothing to do until bytes or answers come.
bool Connection::readStep(std::string_view& bytes) {
  if (upload_) return readUpload(bytes);
  if (last_request_ || held_ || mustWait() || bytes.empty()) return false;
  if (reader_.inBody()) return readBody(bytes);
  if (!current_) beginRequest();
  const bool in_head_before = reader_.inHead();
  const auto [status, used] = reader_.read(bytes, current_->request());
  bytes.remove_prefix(used);
  if (!current_->hold(reader_.headBytes())) {
    refuseForRoom();
    return false;
  }
  if (status == RequestReader::Status::HeadComplete) return headArrived(bytes) && readBody(bytes);
  if (reader_.inHead() && !in_head_before) phase_since_us_ = loop_.now();
  return act(status);
}

bool Connection::readBody(std::string_view& bytes) {
  if (upload_) return readUpload(bytes);
  const auto [status, used] = reader_.read(bytes, current_->request());
  bytes.remove_prefix(used);
  if (!current_->hold(reader_.headBytes() + current_->request().body.size())) {
    refuseForRoom();
    return false;
  }
  return act(status);
}

bool Connection::act(RequestReader::Status status) {
  if (status == RequestReader::Status::Complete) dispatch();
  if (status == RequestReader::Status::Refused)
    refuse(reader_.refusal(), rejectionOf(reader_.refusal().code()).value_or(Rejection::Malformed));
  return status == RequestReader::Status::Complete;
}

/// Takes up reading where it had to wait for answers.
void Connection::resume() {
  const std::string input = std::exchange(input_, {});
  std::string_view bytes = input;
  if (held_ && pending_.empty()) {
    held_ = false;
    if (!allowBody(bytes)) return;
    readBody(bytes);
  }
  consume(bytes);
}

void Connection::beginRequest() {
  current_ = loop_.exchanges().take();
  current_->request().received_us = loop_.now();
}

/// Answers go out in order and are kept until then, so reading stops before they pile up.
bool Connection::mustWait() const {
  const FrontOptions& options = loop_.shared().options;
  return pending_.size() >= options.pipelined_max || !output_.empty() ||
         waiting_bytes_ >= options.waiting_answer_bytes_max;
}

/// Requests behind others run beside them only while all are safe (RFC 9112 §9.3.2).
bool Connection::headArrived(std::string_view rest) {
  HttpRequest& request = current_->request();
  request.peer = peer_;
  identify(request);
  const bool beside_others =
      isSafe(request.method) && !reader_.framing().hasBody() &&
      std::all_of(pending_.begin(), pending_.end(),
                  [](const auto& exchange) { return isSafe(exchange->request().method); });
  held_ = !pending_.empty() && !beside_others;
  return !held_ && allowBody(rest);
}

bool Connection::allowBody(std::string_view rest) {
  const FrontOptions& options = loop_.shared().options;
  const bool asks = reader_.framing().hasBody() && options.body_rule;
  const BodyRule rule =
      asks ? options.body_rule(current_->request()) : BodyRule{options.body_bytes_max};
  phase_since_us_ = loop_.now();
  const bool streams = rule.streams && reader_.framing().hasBody();
  if (!streams && !loop_.mailbox()->budget()->hasRoomFor(reader_.framing().content_length)) {
    refuseForRoom();
    return false;
  }
  if (!reader_.startBody(rule.bytes_max)) return true;
  const Framing& framing = reader_.framing();
  if (streams) beginUpload();
  const bool wanted = !upload_ || !upload_->exchange->answered();
  if (framing.expect_continue && framing.hasBody() && rest.empty() && wanted) send(kContinue);
  return !isClosed();
}

std::shared_ptr<Exchange> Connection::enqueue() {
  std::shared_ptr<Exchange> exchange = std::move(current_);
  current_.reset();
  exchange->connection_ = this;
  exchange->http_1_0_ = reader_.framing().http_1_0;
  exchange->bytes_in_ = reader_.bodyBytesReceived();
  pending_.push_back(exchange);
  LoopCounters::bump(loop_.counters().active_requests, 1);
  LoopCounters::bump(loop_.counters().requests, 1);
  return exchange;
}

void Connection::dispatch() {
  const SharedState& shared = loop_.shared();
  const std::shared_ptr<Exchange> exchange = enqueue();
  const bool asked_to_close = !reader_.framing().keep_alive;
  const bool had_enough = ++requests_ >= shared.options.requests_per_connection_max;
  exchange->close_after_ = asked_to_close || had_enough;
  must_linger_ |= exchange->close_after_ && !asked_to_close;
  (upload_ ? upload_->last_request : last_request_) = exchange->close_after_;
  exchange->deadline_us_ =
      loop_.now() + std::chrono::microseconds{shared.options.answer_deadline}.count();
  if (exchange->request().path == "*") {
    HttpResponse response;
    response.status = 204;
    response.addHeader("Allow", kAllowed);
    exchange->respond(std::move(response));
  } else {
    runHandler(*exchange, [&] { loop_.shared().handler(exchange); });
  }
  if (loop_.mailbox()->isNewestLocal(*exchange)) countWaiting(*exchange);
}

void Connection::refuseThrown(Exchange& exchange) {
  try {
    throw;
  } catch (const Error& error) {
    exchange.refuse(error);
  } catch (const std::exception&) {
    exchange.refuse(Error::app("INTERNAL_ERROR", "The request could not be handled."));
  }
}

void Connection::refuse(const Error& error, Rejection reason) {
  if (!current_) beginRequest();
  if (current_->request().request_id.empty()) {
    current_->request().peer = peer_;
    identify(current_->request());
  }
  loop_.counters().count(reason);
  const std::shared_ptr<Exchange> exchange = enqueue();
  exchange->close_after_ = last_request_ = must_linger_ = true;
  exchange->answered_by_front_ = exchange->refuse(error);
}

void Connection::refuseForRoom() {
  refuse(Error::app("OVERLOADED", "Too many large requests at the moment.").withRetryAfter(1),
         Rejection::RequestBudget);
}

/// Answers of the loop's own are known before they are delivered, those of lanes then.
void Connection::countWaiting(Exchange& exchange) {
  if (exchange.waiting_bytes_ != 0) return;
  exchange.waiting_bytes_ = exchange.response_.body.size() + 1;
  waiting_bytes_ += exchange.waiting_bytes_;
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  if (countedByIp()) loop_.shared().ips.leave(peer_.address.text());
  giveUpUpload();
  loop_.shared().unsent_bytes -= std::exchange(unsent_bytes_, 0);
  for (const auto& exchange : pending_) abandon(*exchange);
  pending_.clear();
  current_.reset();
  loop_.remove(position_, standing_);
  loop_.shared().connectionClosed();
  // A child that is just being started may hold a copy of the descriptor.
  loop_.unwatch(socket_.descriptor());
  socket_.close();  // last: whoever sees the end finds the place free
}

void Connection::endIfIdle() {
  if (loop_.shared().drain_gently) {
    standing_since_us_ = loop_.now();
    settle();
  } else if (requests_ > 0 && !socket_.hasUnread()) {
    close();
  } else {
    settle();  // it has less time from now on
  }
}

void Connection::refuseOpen() {
  for (const auto& exchange : std::vector{pending_}) {
    if (exchange->answered()) continue;
    exchange->close_after_ = exchange == pending_.back();
    if (!exchange->refuse(Error::app("DRAINING", "The host is stopping.").withRetryAfter(5)))
      continue;
    exchange->answered_by_front_ = true;
    loop_.counters().count(Rejection::Draining);
  }
}

void Connection::endConnection() {
  // The end of TLS may have to wait for room in the socket.
  const bool peer_may_send = must_linger_ || !input_.empty() || socket_.isTls();
  if (resets_) {
    socket_.resetOnClose();
    close();
    return;
  }
  if (peer_closed_ || !peer_may_send || !socket_.finishSending()) {
    close();
    return;
  }
  lingering_ = true;
  phase_since_us_ = loop_.now();
  std::string{}.swap(input_);
}

/// Brings list, epoll mask and timer in line with the state; the end of every entry point.
void Connection::settle() {
  if (isClosed()) return;
  const EventLoop::Standing now_standing = standing();
  const bool has_served = std::exchange(has_served_, false);
  if (now_standing != standing_) {
    standing_since_us_ = loop_.now();
    loop_.place(position_, std::exchange(standing_, now_standing), now_standing);
  } else if (has_served && standing_ == EventLoop::Standing::Idle) {
    standing_since_us_ = loop_.now();
    loop_.renew(position_, standing_);
  }
  const std::uint32_t wanted = wantedEvents();
  if (wanted != watched_) loop_.watch(*this, socket_.descriptor(), watched_ = wanted, false);
  loop_.schedule(timer_, dueTime());
  countUnsent();
}

void Connection::countUnsent() {
  const auto now = static_cast<std::int64_t>(output_.size() + waiting_bytes_);
  if (now == unsent_bytes_) return;
  const bool grown = now > unsent_bytes_;
  loop_.shared().unsent_bytes += now - std::exchange(unsent_bytes_, now);
  if (grown) loop_.makeRoomForAnswers();
}

EventLoop::Standing Connection::standing() const {
  if (!pending_.empty() || !output_.empty() || lingering_) return EventLoop::Standing::Busy;
  if (opening_ && opening_->hasBegun()) return EventLoop::Standing::Reading;
  return reader_.inHead() || reader_.inBody() ? EventLoop::Standing::Reading
                                              : EventLoop::Standing::Idle;
}

std::uint32_t Connection::wantedEvents() const {
  const bool takes = upload_ ? !upload_->full : !held_ && !last_request_ && !mustWait();
  const bool reads = lingering_ || (!peer_closed_ && takes);
  const bool writes = !output_.empty() || streams_on_;
  return (reads ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
         (writes || socket_.wantsWrite() ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
}

}  // namespace bulkhead::host
