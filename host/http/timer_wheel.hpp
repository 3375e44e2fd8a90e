#pragma once

#include <array>
#include <cstdint>

namespace bulkhead::host {

/// A place in a TimerWheel. Leaves its wheel when it is destroyed.
class TimerNode {
 public:
  TimerNode() = default;
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  ~TimerNode() { unlink(); }

 private:
  friend class TimerWheel;
  void unlink() noexcept;
  void linkBefore(TimerNode& other) noexcept;

  TimerNode* previous_ = nullptr;
  TimerNode* next_ = nullptr;
  std::int64_t tick_ = 0;
};

/// Coarse timers of one loop in O(1) (hashed wheel). A node is never fired later than its due time
/// plus one tick, and may be fired early: a due time that moves later, or that is beyond the
/// wheel's horizon, leaves the node where it is, and whoever is fired looks at its own due time and
/// schedules again. So the common case, a deadline that is put off with each request, costs a
/// comparison. Not thread-safe.
class TimerWheel {
 public:
  static constexpr std::int64_t kTickMicroseconds = 20'000;

  explicit TimerWheel(std::int64_t now_us);

  /// Makes sure that `node` fires no later than `due_us`.
  void schedule(TimerNode& node, std::int64_t due_us);
  /// Calls `fire(TimerNode&)` for each node whose tick has passed; it is unlinked before.
  template <class Fire>
  void advance(std::int64_t now_us, Fire&& fire) {
    const std::int64_t last = now_us / kTickMicroseconds;
    if (last - current_ > kSlots) current_ = last - kSlots;
    while (current_ < last) {
      TimerNode due;
      takeSlot(++current_, due);
      while (due.next_ != nullptr && due.next_ != &due) {
        TimerNode& node = *due.next_;
        node.unlink();
        fire(node);
      }
    }
  }
  /// Milliseconds until the next tick that has nodes; -1 when there is none.
  int timeoutMilliseconds(std::int64_t now_us);

 private:
  static constexpr std::int64_t kSlots = 512;

  static std::size_t indexOf(std::int64_t tick) { return static_cast<std::size_t>(tick % kSlots); }
  void takeSlot(std::int64_t tick, TimerNode& head);
  bool hasNodes(std::size_t index);

  std::int64_t current_;
  std::int64_t nearest_ = 0;  ///< no tick before it has nodes
  std::array<TimerNode, kSlots> slots_;
  /// A bit per slot: clear means empty, so that looking for the next node reads eight words.
  std::array<std::uint64_t, kSlots / 64> occupied_{};
};

}  // namespace bulkhead::host
