#include "plugins/held_calls.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::host {
namespace {

constexpr unsigned kSlotBits = 20;
constexpr std::uint64_t kSlotMask = (std::uint64_t{1} << kSlotBits) - 1;

}  // namespace

HeldCalls::HeldCalls(std::uint32_t slots, const HomeLimits& limits)
    : slots_max_{slots}, limits_{limits} {}

std::size_t HeldCalls::mostLocked(EntryLane lane) const {
  if (lane == EntryLane::Streams) return limits_.streams;
  const LaneLimits& limits = lane == EntryLane::Asides ? limits_.asides
                             : lane == EntryLane::Desk ? limits_.desk
                             : lane == EntryLane::Jobs ? limits_.jobs
                                                       : limits_.lane;
  return limits.threads + limits.queue;
}

HeldCalls::Entry HeldCalls::add(const std::shared_ptr<HomeCall>& call) {
  const EntryLane lane = call->route().lane();
  const std::lock_guard lock{mutex_};
  const bool full = count(lane) >= mostLocked(lane);
  if (closed_ || full || (free_.empty() && slots_.size() >= slots_max_)) {
    ++refused_;
    return {};
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  ++count(lane);
  Entry& entry = slots_[slot];
  entry.id = ++sequence_ << kSlotBits | slot;
  entry.slot = slot;
  entry.call = call;
  entry.alone = count(EntryLane::Requests) + count(EntryLane::Streams) == 1;
  return entry;
}

const HeldCalls::Entry* HeldCalls::findLocked(std::uint64_t id) const {
  const std::uint64_t slot = id & kSlotMask;
  const bool held = slot < slots_.size() && slots_[slot].id == id && slots_[slot].call != nullptr;
  return held ? &slots_[slot] : nullptr;
}

HeldCalls::Entry HeldCalls::find(std::uint64_t id) const {
  const std::lock_guard lock{mutex_};
  const Entry* const entry = findLocked(id);
  return entry != nullptr ? *entry : Entry{};
}

void HeldCalls::setStreams(std::uint64_t id, std::shared_ptr<StreamSender> request,
                           std::shared_ptr<StreamReceiver> answer) {
  const std::lock_guard lock{mutex_};
  if (findLocked(id) == nullptr) return;
  Entry& entry = slots_[id & kSlotMask];
  if (request) entry.request = std::move(request);
  if (answer) entry.answer = std::move(answer);
}

HeldCalls::Entry HeldCalls::remove(std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  return findLocked(id) != nullptr ? removeLocked(static_cast<std::uint32_t>(id & kSlotMask))
                                   : Entry{};
}

HeldCalls::Entry HeldCalls::removeLocked(std::uint32_t slot) {
  Entry entry = std::exchange(slots_[slot], Entry{});
  free_.push_back(slot);
  --count(entry.call->route().lane());
  if (isEmptyLocked()) none_.notify_all();
  return entry;
}

void HeldCalls::setLimits(const HomeLimits& limits) {
  const std::lock_guard lock{mutex_};
  limits_ = limits;
}

void HeldCalls::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
}

bool HeldCalls::awaitNone(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock{mutex_};
  return none_.wait_until(lock, until, [&] { return isEmptyLocked(); });
}

std::vector<HeldCalls::Entry> HeldCalls::takeAll() {
  const std::lock_guard lock{mutex_};
  std::vector<Entry> all;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot]) all.push_back(removeLocked(slot));
  }
  return all;
}

HomeLoad HeldCalls::load(const BlackBox& box) const {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock{mutex_};
  HomeLoad load;
  load.threads = limits_.lane.threads;
  load.lane.refused = refused_;
  for (const Entry& entry : slots_) {
    if (!entry) continue;
    const bool begun = box.hasBegun(entry.slot, entry.id);
    const EntryLane kind = entry.call->route().lane();
    if (kind == EntryLane::Desk) continue;  // nothing of the plugin's
    LaneState& lane = kind == EntryLane::Streams  ? load.streams
                      : kind == EntryLane::Asides ? load.asides
                      : kind == EntryLane::Jobs   ? load.jobs
                                                  : load.lane;
    ++(begun ? lane.running : lane.queued);
    if (begun && kind != EntryLane::Streams && entry.call->deadline() < now) ++lane.stuck;
  }
  load.hung = load.lane.stuck >= load.threads;
  load.asides_hung = load.asides.stuck >= limits_.asides.threads;
  return load;
}

std::chrono::milliseconds HeldCalls::longestOverdue(const BlackBox& box) const {
  const auto now = std::chrono::steady_clock::now();
  std::chrono::milliseconds longest{0};
  const std::lock_guard lock{mutex_};
  for (const Entry& entry : slots_) {
    if (!entry || entry.call->route().lane() == EntryLane::Streams) continue;
    if (entry.call->deadline() >= now) continue;
    if (!box.hasBegun(entry.slot, entry.id)) continue;
    longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                    now - entry.call->deadline()));
  }
  return longest;
}

}  // namespace bulkhead::host
