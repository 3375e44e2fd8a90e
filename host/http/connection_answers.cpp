// The answering half of Connection: from the sink's word to bytes on the wire, in order.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "http/connection.hpp"

namespace bulkhead::host {
namespace {

/// Bodies up to here are copied behind their head; larger ones are sent from where they are.
constexpr std::size_t kCopiedBodyBytesMax = 32 * 1024;
constexpr int kClientClosedRequest = 499;

HttpResponse unusableResponse() {
  HttpResponse response = HttpResponse::json(
      500, R"({"error":{"message":"The response was not valid.","code":"INTERNAL_ERROR",)"
           R"("statusCode":500}})");
  response.addHeader("Cache-Control", "no-store");
  response.refusal = {ErrorKind::App, "INTERNAL_ERROR", "The response was not well formed."};
  return response;
}

/// What the tail has to say of this answer; false when it failed: a response without them is
/// not sent.
bool addTailLines(const Tail& tail, Exchange& exchange, std::string& lines) {
  lines.clear();
  if (!tail.header_lines) return true;
  try {
    tail.header_lines(exchange.request(), exchange.labels(), exchange.response(), lines);
    return true;
  } catch (const std::exception&) {
    lines.clear();
    return false;
  }
}

}  // namespace

Connection* Connection::deliver(EventLoop& loop, const Arrival& arrival) {
  Exchange& exchange = *arrival.exchange;
  if (arrival.step && !exchange.answered()) runHandler(exchange, *arrival.step);
  Connection* const connection = exchange.connection_;
  if (arrival.answered) {
    exchange.delivered_ = true;
    if (connection == nullptr) {
      if (exchange.response_.stream) exchange.response_.stream->breakOff();
      report(loop, exchange, true);
      return nullptr;
    }
    connection->countWaiting(exchange);
  }
  if (connection == nullptr) return nullptr;
  return std::exchange(connection->flush_queued_, true) ? nullptr : connection;
}

void Connection::flush() {
  flush_queued_ = false;
  if (isClosed()) return;
  if (lingering_) return settle();
  resumeUpload();
  if (isClosed()) return;
  std::string& out = loop_.scratch();
  out.clear();
  const std::size_t rendered = render(out);
  if (rendered == 0 && out.empty()) {
    if (!isClosed()) settle();
    return;
  }
  send(out);
  if (isClosed()) return;
  const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(rendered);
  std::for_each(pending_.begin(), end, [this](auto& exchange) {
    exchange->connection_ = nullptr;  // a word of its stream may still be on its way
    report(loop_, *exchange, false);
    loop_.exchanges().giveBack(std::move(exchange));
  });
  pending_.erase(pending_.begin(), end);
  has_served_ |= rendered > 0;
  afterWrite();
  settle();
}

/// Renders what is answered at the head of the queue; the number of exchanges that are done with.
std::size_t Connection::render(std::string& out) {
  std::size_t count = 0;
  streams_on_ = false;
  while (!closing_ && count < pending_.size() && pending_[count]->delivered_) {
    Exchange& exchange = *pending_[count];
    if (!exchange.head_sent_) beginAnswer(exchange, count + 1 == pending_.size(), out);
    if (exchange.response_.stream) {
      if (!continueStream(exchange, out)) break;
      if (count + 1 == pending_.size()) endWhenDraining(exchange);
    }
    closing_ = exchange.ends_connection_;
    ++count;
  }
  return count;
}

void Connection::beginAnswer(Exchange& exchange, bool is_last, std::string& out) {
  const bool too_early = upload_ && upload_->exchange.get() == &exchange;
  const bool length_known = prepare(exchange);
  const bool streams = exchange.response_.stream != nullptr;
  exchange.ends_connection_ = exchange.close_after_ || (streams && exchange.http_1_0_);
  if (too_early && !streams) {
    giveUpUpload();
    exchange.ends_connection_ = last_request_ = must_linger_ = true;
  }
  if (is_last) endWhenDraining(exchange);
  if (streams && loop_.shared().draining) exchange.response_.stream->endSoon();
  renderHead(exchange, length_known, out);
}

/// Makes the answer what it will be on the wire: without a body where it can have none. False when
/// its length is told by its end alone.
bool Connection::prepare(Exchange& exchange) {
  HttpResponse& response = exchange.response();
  const HttpRequest& request = exchange.request();
  const std::shared_ptr<ByteStream> stream = response.stream;
  if (!isWellFormed(response)) response = unusableResponse();
  if (!addTailLines(loop_.shared().tail, exchange, loop_.tailLines()))
    response = unusableResponse();
  const bool length_known = response.stream == nullptr;
  if (!sendsBody(response, request.method == "HEAD")) response.stream.reset();
  if (stream && !response.stream) stream->breakOff();
  return length_known;
}

/// The last answer of a connection on which nothing more has arrived.
void Connection::endWhenDraining(Exchange& exchange) {
  const bool read_all = input_.empty() && !held_ && !upload_;
  if (!loop_.shared().draining || !read_all || exchange.ends_connection_) return;
  exchange.ends_connection_ = last_request_ = must_linger_ = true;
}

void Connection::renderHead(Exchange& exchange, bool length_known, std::string& out) {
  exchange.head_sent_ = true;
  waiting_bytes_ -= exchange.waiting_bytes_;
  HttpResponse& response = exchange.response();
  const HttpRequest& request = exchange.request();
  const ResponseFraming framing{.head_request = request.method == "HEAD",
                                .close = exchange.ends_connection_,
                                .keep_alive_1_0 = exchange.http_1_0_ && !exchange.ends_connection_,
                                .length_known = length_known,
                                .chunked = !length_known && !exchange.http_1_0_};
  const std::size_t before = out.size();
  appendHead(out, response, framing,
             {loop_.dateLine(), loop_.shared().options.fixed_header_lines, loop_.tailLines(),
              request.request_id});
  exchange.bytes_out_ = out.size() - before;
  if (response.stream || !sendsBody(response, framing.head_request)) return;
  exchange.bytes_out_ += response.body.size();
  if (response.body.size() <= kCopiedBodyBytesMax) {
    out += response.body;
    return;
  }
  startWriting();
  output_.append(std::string_view{out});
  output_.append(std::move(response.body));
  out.clear();
}

void Connection::startWriting() {
  if (!output_.empty()) return;
  write_since_us_ = write_progress_us_ = loop_.now();
  write_bytes_ = 0;
}

void Connection::send(std::string_view bytes) {
  if (output_.empty()) {
    if (bytes.empty()) return;
    const ssize_t sent = socket_.send(bytes);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      close();
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    if (bytes.empty()) return;
    startWriting();
    output_.append(bytes);
    return;
  }
  output_.append(bytes);
  const std::size_t before = output_.size();
  const OutputBuffer::Progress progress = output_.flush(socket_);
  const std::size_t sent = before - output_.size();
  if (sent > 0) write_progress_us_ = loop_.now();
  write_bytes_ += sent;
  if (progress == OutputBuffer::Progress::Broken) close();
}

void Connection::afterWrite() {
  if (isClosed() || !output_.empty()) return;
  if (closing_) {
    endConnection();
  } else if (held_ || !input_.empty()) {
    resume();
  } else if (peer_closed_ && pending_.empty()) {
    close();
  }
}

/// Refusals of the front's own were counted where they were made. A path that no route has is told
/// from a thing that a business does not know.
std::optional<Rejection> Connection::rejectionBehind(const Exchange& exchange) {
  const auto& [kind, code, message] = exchange.response_.refusal;
  if (exchange.answered_by_front_ || code.empty()) return std::nullopt;
  if (kind == ErrorKind::ExternalService) return Rejection::ExternalService;
  if (code == "NOT_FOUND" && exchange.labels_.route.empty()) return Rejection::NotFound;
  return rejectionOf(code);
}

void Connection::report(EventLoop& loop, Exchange& exchange, bool client_gone) {
  LoopCounters::bump(loop.counters().active_requests, -1);
  if (const auto rejection = rejectionBehind(exchange)) loop.counters().count(*rejection);
  const auto& completed = loop.shared().tail.completed;
  if (!completed) return;
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      Exchange::Clock::now().time_since_epoch());
  completed({.request = exchange.request_,
             .labels = exchange.labels_,
             .refusal = exchange.response_.refusal,
             .status = exchange.response_.status,
             .bytes_in = exchange.bytes_in_,
             .bytes_out = exchange.head_sent_ ? exchange.bytes_out_ : 0,
             .duration = now - std::chrono::microseconds{exchange.request_.received_us},
             .client_gone = client_gone,
             .answered_by_front = exchange.answered_by_front_,
             .broken_off = exchange.broken_off_});
}

/// The client is gone: an answer that a lane is making is refused from now on; one that is on its
/// way is reported when it arrives.
void Connection::abandon(Exchange& exchange) {
  exchange.connection_ = nullptr;
  if (exchange.claim()) {
    exchange.watcher_.reset();
    exchange.response_.status = kClientClosedRequest;
    exchange.answered_by_front_ = true;
    report(loop_, exchange, true);
  } else if (exchange.delivered_) {
    if (exchange.response_.stream) exchange.response_.stream->breakOff();
    report(loop_, exchange, true);
  }
}

}  // namespace bulkhead::host
