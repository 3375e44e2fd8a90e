#include "http/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace bulkhead::host {

void TimerNode::unlink() noexcept {
  if (previous_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

void TimerNode::linkBefore(TimerNode& other) noexcept {
  previous_ = other.previous_;
  next_ = &other;
  previous_->next_ = this;
  other.previous_ = this;
}

TimerWheel::TimerWheel(std::int64_t now_us) : current_{now_us / kTickMicroseconds} {
  for (TimerNode& slot : slots_) slot.previous_ = slot.next_ = &slot;
}

void TimerWheel::schedule(TimerNode& node, std::int64_t due_us) {
  const std::int64_t due_tick = due_us / kTickMicroseconds + 1;
  const std::int64_t tick = std::clamp(due_tick, current_ + 1, current_ + kSlots - 1);
  if (node.previous_ != nullptr && node.tick_ <= tick) return;
  node.unlink();
  node.tick_ = tick;
  nearest_ = std::min(nearest_, tick);
  const std::size_t index = indexOf(tick);
  node.linkBefore(slots_[index]);
  occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
}

int TimerWheel::timeoutMilliseconds(std::int64_t now_us) {
  for (std::int64_t tick = std::max(nearest_, current_ + 1); tick < current_ + kSlots;) {
    const std::size_t index = indexOf(tick);
    const std::uint64_t word = occupied_[index / 64] >> (index % 64);
    if (word == 0) {
      tick += 64 - static_cast<std::int64_t>(index % 64);
      continue;
    }
    tick += std::countr_zero(word);
    if (tick >= current_ + kSlots) break;
    if (hasNodes(indexOf(tick))) {
      nearest_ = tick;
      const std::int64_t left_us = tick * kTickMicroseconds - now_us;
      return left_us <= 0 ? 0 : static_cast<int>(left_us / 1000 + 1);
    }
    ++tick;
  }
  nearest_ = current_ + kSlots;
  return -1;
}

/// Nodes leave without telling the wheel, so a bit may have outlived them.
bool TimerWheel::hasNodes(std::size_t index) {
  if (slots_[index].next_ != &slots_[index]) return true;
  occupied_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
  return false;
}

void TimerWheel::takeSlot(std::int64_t tick, TimerNode& head) {
  TimerNode& slot = slots_[indexOf(tick)];
  head.previous_ = head.next_ = &head;
  if (!hasNodes(indexOf(tick))) return;
  head.next_ = slot.next_;
  head.previous_ = slot.previous_;
  head.next_->previous_ = &head;
  head.previous_->next_ = &head;
  slot.previous_ = slot.next_ = &slot;
}

}  // namespace bulkhead::host
