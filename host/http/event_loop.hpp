#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <vector>

#include "http/exchange_pool.hpp"
#include "http/guest_watch.hpp"
#include "http/listener.hpp"
#include "http/mailbox.hpp"
#include "http/response_writer.hpp"
#include "http/shared_state.hpp"
#include "http/timer_wheel.hpp"

namespace bulkhead::host {

class Connection;

/// One listening descriptor of one loop.
struct LoopListener {
  int fd = -1;
  Service service{};
  bool is_unix = false;
  bool shared = false;  ///< other loops wait on the same descriptor
};

/// One epoll loop and the connections it accepted; level-triggered, never blocking but in
/// epoll_wait. Everything but the constructor, `mailbox`, `counters` and the destructor belongs to
/// the thread that calls run().
class EventLoop {
 public:
  /// Which of the loop's lists a connection stands in, oldest first.
  enum class Standing { Idle, Reading, Busy, kCount };
  using Connections = std::list<std::unique_ptr<Connection>>;

  EventLoop(SharedState& shared, unsigned number, std::shared_ptr<RequestBudget> budget);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Before run(). The descriptors stay the caller's until run() ends.
  void addListener(const LoopListener& listener);
  /// Serves until shared.stopping; then answers what is open with 503 and closes everything.
  void run();

  const std::shared_ptr<Mailbox>& mailbox() const noexcept { return mailbox_; }
  ExchangePool& exchanges() noexcept { return exchanges_; }
  const LoopCounters& counters() const noexcept { return counters_; }
  /// Any thread: the loop closes its longest idle connection, if it still has one.
  void askForRoom();

  // For connections.
  SharedState& shared() noexcept { return shared_; }
  LoopCounters& counters() noexcept { return counters_; }
  std::int64_t now() const noexcept { return now_us_; }
  /// When the loop stopped accepting; 0 while it accepts.
  std::int64_t endingSince() const noexcept { return ending_since_us_; }
  std::string_view dateLine() { return date_.now(); }
  std::string& scratch() noexcept { return scratch_; }
  /// For the lines of the tail, while a head is made.
  std::string& tailLines() noexcept { return tail_lines_; }
  std::string& piece() noexcept { return piece_; }
  std::array<char, 16 * 1024>& readBuffer() noexcept { return read_buffer_; }
  /// False when the kernel has no room for it.
  bool watch(Connection& connection, int fd, std::uint32_t events, bool first);
  void unwatch(int fd);
  void schedule(TimerNode& node, std::int64_t due_us) { wheel_.schedule(node, due_us); }
  void place(Connections::iterator position, Standing from, Standing to);
  /// It stands where it stood, and from now on is the youngest there.
  void renew(Connections::iterator position, Standing standing);
  /// Takes a closed connection out; it is destroyed when the current round is over.
  void remove(Connections::iterator position, Standing from);
  /// Closes readers of this loop, those that have taken nothing for longest first, until all unsent
  /// answers are within their bound.
  void makeRoomForAnswers();

 private:
  void round();
  void dispatch(const epoll_event& event);
  void afterStep();
  void deliverLocal();
  void deliverAnswers();
  void onMailbox();
  void fireTimers();

  void acceptFrom(const LoopListener& listener);
  bool acceptOne(const LoopListener& listener);
  void admit(FileDescriptor fd, Peer peer, const LoopListener& listener);
  bool makeRoom();
  bool evictLongestIdle();
  void giveRoom();
  void noteIdle(int change);
  void noteLongestIdle();
  void onAcceptError(int error);
  void resumeAccepting();
  void drainIdle();
  void closeListeners();
  void finish();
  Connections& list(Standing standing) { return lists_[static_cast<std::size_t>(standing)]; }

  SharedState& shared_;
  const unsigned number_;
  std::shared_ptr<Mailbox> mailbox_;
  ExchangePool exchanges_;
  LoopCounters counters_;
  TimerWheel wheel_;
  DateLine date_;
  const std::shared_ptr<const FileDescriptor> epoll_;
  const std::shared_ptr<GuestWatch> guests_;
  std::int64_t now_us_ = 0;
  long waits_ = 0;  ///< of the loop's thread so far; counted for on_step only
  std::atomic<unsigned> rooms_wanted_{0};
  std::int64_t accept_again_us_ = 0;
  std::int64_t ending_since_us_ = 0;
  bool drained_ = false;
  bool listening_ = true;
  std::vector<std::unique_ptr<LoopListener>> listeners_;
  std::array<Connections, static_cast<std::size_t>(Standing::kCount)> lists_;
  Connections closed_;
  static constexpr int kEventsPerRound = 256;
  std::array<epoll_event, kEventsPerRound> events_{};  ///< as many as epoll_wait said
  std::vector<Arrival> arrivals_;
  std::vector<Connection*> to_flush_;
  std::string scratch_;
  std::string tail_lines_;
  std::string piece_;
  std::array<char, 16 * 1024> read_buffer_{};
};

}  // namespace bulkhead::host
