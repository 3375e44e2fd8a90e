#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <bulkhead/error.hpp>

#include "http/request_budget.hpp"
#include "runtime/answer_watcher.hpp"
#include "runtime/byte_stream.hpp"
#include "runtime/message.hpp"
#include "runtime/rate_quota.hpp"

namespace bulkhead::host {

class Connection;
class Exchange;

/// Where an answer goes. `answered` is called once per exchange, by the thread that answered;
/// `moved` by the thread that reads or writes a stream of it, as often as the loop has to look;
/// `goesOn` by whoever the handler waited for, with what the loop has to do then.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void answered(std::shared_ptr<Exchange> exchange) = 0;
  virtual void moved(std::shared_ptr<Exchange> exchange) = 0;
  virtual void goesOn(std::shared_ptr<Exchange> exchange, std::function<void()> step) = 0;
};

/// What the router knows about a request and the tail reports; written on the loop, before the
/// handler returns.
struct ExchangeLabels {
  std::string route;   ///< template such as "/api/booking/v1/calls/{id}"; empty when none matched
  std::string plugin;  ///< id of the route's owner; empty for the host
  RateQuota quota{};   ///< what the client has left
};

/// One request being answered. Held by shared_ptr because two sides share it: the loop that owns
/// the connection and the lane that answers; it stays valid when the client goes away.
///
/// Threads: until the handler, with what it goes on with, returns the exchange is the loop's. After
/// that the lane may write `body`, `principal`, `query` and `path_parameters` of the request and
/// nothing else, since a deadline may make the loop report the others meanwhile; after respond() it
/// writes nothing.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  using Clock = std::chrono::steady_clock;

  /// Sink and budget are shared with the front, which may be gone before the last lane has
  /// answered. In development refusals say more (S60).
  explicit Exchange(std::shared_ptr<AnswerSink> sink, std::shared_ptr<RequestBudget> budget = {},
                    bool development = false)
      : sink_{std::move(sink)},
        stream_sink_{sink_},
        development_{development},
        held_{std::move(budget)} {}

  HttpRequest& request() noexcept { return request_; }
  const HttpRequest& request() const noexcept { return request_; }
  ExchangeLabels& labels() noexcept { return labels_; }
  const ExchangeLabels& labels() const noexcept { return labels_; }

  /// Answers, from any thread. The first answer wins and returns true; later ones, and those after
  /// the deadline or after the client left, are dropped and return false.
  bool respond(HttpResponse response);
  /// Answers with the error body of the product, and these headers besides.
  bool refuse(const Error& error, const Fields& headers = {});

  /// A stream for this exchange, whose loop hears of what moves in it. For an answer: before
  /// respond(), with the response that has it.
  std::shared_ptr<ByteStream> openStream();

  /// Has the loop go on with `step`, as a part of the handler, for one that had to wait for
  /// something; never when the exchange was answered meanwhile. Any thread.
  void goOn(std::function<void()> step);

  /// Tells it of the answer, before the sink. On the loop, before the handler returns.
  void watch(std::unique_ptr<AnswerWatcher> watcher) { watcher_ = std::move(watcher); }

  bool answered() const noexcept { return answered_.load(std::memory_order_acquire); }

  /// Bounds the answer, counted from now; on the loop, before the handler returns. When it passes
  /// first the front answers 504 DEADLINE_EXCEEDED itself.
  void setDeadline(std::chrono::milliseconds from_now);
  /// Time until the deadline, never negative; any thread.
  std::chrono::milliseconds remaining() const noexcept;

  /// Bytes that the request holds in memory.
  std::size_t heldBytes() const noexcept { return held_.bytes(); }
  /// Takes room for so many bytes in all, as when the body is decoded; false when there is none.
  /// Called by whoever has the exchange: the loop, then the lane.
  bool hold(std::size_t bytes) { return held_.growTo(bytes); }

  /// The answer, once the sink was told.
  HttpResponse& response() noexcept { return response_; }

  /// Whether the caller's is the last reference, with nothing that could bring another about, and
  /// what the exchange holds is small.
  static bool isSpare(const std::shared_ptr<Exchange>& exchange);
  /// Makes a spare one what a new one is, for another request of the same sink; its memory stays.
  void renew(std::shared_ptr<AnswerSink> sink);

 private:
  friend class Connection;

  bool isSmall() const noexcept;
  bool claim() noexcept { return !answered_.exchange(true, std::memory_order_acq_rel); }

  HttpRequest request_;
  ExchangeLabels labels_;
  HttpResponse response_;
  std::shared_ptr<AnswerSink> sink_;
  const std::weak_ptr<AnswerSink> stream_sink_;  ///< outlives sink_, which goes with the answer
  const bool development_;
  RequestBudget::Share held_;
  std::unique_ptr<AnswerWatcher> watcher_;  ///< of who has claimed the answer, once somebody has
  std::atomic<bool> answered_{false};
  std::atomic<std::int64_t> deadline_us_{INT64_MAX};
  bool has_streams_ = false;  ///< which know it as long as they live

  // The loop's own: no other thread reads these. See renew().
  Connection* connection_ = nullptr;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::size_t waiting_bytes_ = 0;  ///< counted by the connection until the answer is rendered
  bool delivered_ = false;
  bool answered_by_front_ = false;
  bool head_sent_ = false;
  bool ends_connection_ = false;
  bool broken_off_ = false;
  bool close_after_ = false;
  bool http_1_0_ = false;
};

}  // namespace bulkhead::host
