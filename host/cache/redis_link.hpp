#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cache/redis_reply.hpp"
#include "cache/redis_socket.hpp"

namespace bulkhead::host::cache {

struct RedisLinkOptions {
  RedisAddress address{};
  /// Sent each `heartbeat_interval`; the server is fit for use as long as it answers in time.
  std::string heartbeat = redisRequest({"PING"});
  std::chrono::milliseconds heartbeat_interval{1000};
  std::chrono::milliseconds heartbeat_deadline{50};
  /// Of connecting and logging in, and of any answer before the connection is given up.
  std::chrono::milliseconds patience{1000};
  std::chrono::milliseconds retry_min{100};  ///< before connecting again; doubled up to
  std::chrono::milliseconds retry_max{5000};
  std::size_t requests_max = 4096;  ///< on their way at once; more are not taken
  std::size_t reply_bytes_max = 4U << 20U;
  std::function<void(const RedisReply&)> on_heartbeat{};  ///< on the link's thread
  /// The server is fit for use from now on, or is not, and why. On the link's thread.
  std::function<void(bool up, const std::string& reason)> on_change{};
};

/// One connection to a Redis server, shared by all threads: what they send goes out together, and
/// its answers come back in that order (pipelined). A thread of its own logs in, sends, reads, and
/// connects again with growing pauses when that ends; nobody ever waits for the network.
///
/// `isUp()` is the breaker. It is false while there is no connection, and from an answer that did
/// not come by its deadline until a heartbeat is answered in time again; send() takes nothing
/// meanwhile. One that goes down again soon is left alone for longer each time, up to `retry_max`.
/// A server that a client of one server cannot use (cluster mode, read only, loading, a wrong
/// password) is down with that reason.
class RedisLink {
 public:
  using Clock = std::chrono::steady_clock;
  /// The answer, or null when there was none in time. On the link's thread, once; must not wait.
  using Done = std::function<void(const RedisReply* reply)>;

  explicit RedisLink(RedisLinkOptions options);
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  bool isUp() const noexcept { return up_.load(std::memory_order_acquire); }
  /// The same for people, who do not want to hear of each moment: false when it was not up for so
  /// long, or never.
  bool wasUpWithin(std::chrono::milliseconds time) const noexcept;
  /// Why it is not up, for people; empty when it is.
  std::string reason() const;
  /// False, and `done` is never called, when it is not up or too much is on its way. Any thread.
  bool send(std::string request, std::chrono::milliseconds deadline, Done done);
  /// The same for a thread that may wait: nothing when there is no answer in time. Never on the
  /// link's own thread.
  std::optional<RedisReply> ask(std::string request, std::chrono::milliseconds deadline);

 private:
  struct Request {
    std::string bytes;
    Clock::time_point deadline;
    Done done;             ///< empty once it was told that there is no answer
    bool counted = false;  ///< in on_their_way_
    Clock::time_point sent{};
  };

  void run();
  void connect();
  void serve();
  void takeQueue();
  void push(Request request);
  void sendOut();
  void readIn();
  void take(const RedisReply& reply);
  void expire();
  void beat();
  void requireAlive() const;
  void pollUntil(Clock::time_point until);
  void lose(const std::string& reason);
  void rest();
  void change(bool up, const std::string& reason);

  const RedisLinkOptions options_;
  const int wake_fd_;
  std::atomic<bool> up_{false};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<Request> queue_;        // guarded by mutex_
  std::size_t on_their_way_ = 0;      // queued, or sent and unanswered; guarded by mutex_
  std::string reason_{"connecting"};  // guarded by mutex_
  std::atomic<std::int64_t> down_since_us_{0};

  // The thread's own.
  std::optional<RedisSocket> socket_;
  std::optional<RedisReader> reader_;
  std::deque<Request> in_flight_;
  std::string sending_;      ///< stays as it is until all of it is sent, for TLS
  std::string_view unsent_;  ///< of sending_
  std::string out_;          ///< what is sent next
  bool wants_to_write_ = false;
  Clock::time_point now_{};
  Clock::time_point next_beat_{};
  Clock::time_point late_since_{};  ///< that no heartbeat was in time, while it is not up
  Clock::time_point up_since_{};
  Clock::time_point rests_until_{};
  std::chrono::milliseconds rest_{0};
  bool has_rested_ = false;
  Clock::time_point next_deadline_{};
  std::chrono::milliseconds pause_{0};
  std::thread thread_;
};

}  // namespace bulkhead::host::cache
