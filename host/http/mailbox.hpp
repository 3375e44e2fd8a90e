#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "http/exchange.hpp"

namespace bulkhead::host {

/// What happened to an exchange: it was answered, a stream of its bodies moved, or its handler goes
/// on.
struct Arrival {
  std::shared_ptr<Exchange> exchange;
  bool answered = false;
  std::unique_ptr<const std::function<void()>> step{};
};

/// The way into a loop from other threads: answers and wake-ups. Shared by the loop and by every
/// exchange it gave out, because an exchange may be answered after the loop has ended; such answers
/// are dropped.
class Mailbox final : public AnswerSink {
 public:
  /// The budget lives as long as the mailbox, and so as long as any exchange.
  explicit Mailbox(std::shared_ptr<RequestBudget> budget);
  ~Mailbox() override;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Any thread. On the loop's own thread the answer skips lock and wake-up.
  void answered(std::shared_ptr<Exchange> exchange) override {
    arrived({std::move(exchange), true});
  }
  void moved(std::shared_ptr<Exchange> exchange) override { arrived({std::move(exchange)}); }
  void goesOn(std::shared_ptr<Exchange> exchange, std::function<void()> step) override {
    arrived({std::move(exchange), false,
             std::make_unique<const std::function<void()>>(std::move(step))});
  }
  /// Any thread: the loop comes round soon, to look at the shared flags.
  void wake();

  // For the loop alone.
  RequestBudget* budget() const noexcept { return budget_.get(); }
  int descriptor() const noexcept { return event_fd_; }
  void bindToThisThread() { owner_ = std::this_thread::get_id(); }
  /// Before the loop waits for events: false when it was called since it woke up, and must not.
  bool mayLoopSleep();
  /// After it has waited: whether it was called.
  bool loopWokeUp();
  /// The descriptor is readable: its word has been heard.
  void clearSignal();
  /// Moves what the loop's own thread answered to `out`, which is empty.
  void takeLocal(std::vector<Arrival>& out) { out.swap(local_); }
  /// Moves what other threads answered to `out`, which is empty.
  void takePosted(std::vector<Arrival>& out);
  /// Whether answers of the loop's own thread are waiting.
  bool hasLocal() const noexcept { return !local_.empty(); }
  /// Whether that exchange was answered last, by the loop's own thread.
  bool isNewestLocal(const Exchange& exchange) const noexcept {
    return !local_.empty() && local_.back().exchange.get() == &exchange;
  }
  /// From here on answers are dropped.
  void close();

 private:
  /// Only a loop that sleeps needs the descriptor's signal, which costs two system calls.
  enum class State { Awake, Asleep, Called };

  void arrived(Arrival arrival);

  const std::shared_ptr<RequestBudget> budget_;
  int event_fd_;
  std::atomic<std::thread::id> owner_{};
  std::atomic<State> state_{State::Awake};
  std::vector<Arrival> local_;
  std::mutex mutex_;
  std::vector<Arrival> posted_;
  bool closed_ = false;
};

}  // namespace bulkhead::host
