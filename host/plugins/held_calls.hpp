#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "plugins/black_box.hpp"
#include "plugins/home.hpp"
#include "plugins/home_call.hpp"
#include "plugins/link_stream.hpp"

namespace bulkhead::host {

/// A call that a worker had when it ended.
struct HeldCall {
  std::shared_ptr<HomeCall> call;
  bool begun = false;      ///< somebody worked on it, or may have
  bool blamed = false;     ///< the worker died of it, as far as it could say
  bool answering = false;  ///< a part of its answer is with the client
  BlackBox::CallRecord record;
};

/// The calls that are with a worker, each in a slot of its black box. Thread-safe.
class HeldCalls {
 public:
  struct Entry {
    std::uint64_t id = 0;
    std::uint32_t slot = 0;
    bool alone = false;  ///< when it was added: there was no other
    std::shared_ptr<HomeCall> call;
    std::shared_ptr<StreamSender> request;   ///< sends its body
    std::shared_ptr<StreamReceiver> answer;  ///< takes its answer
    explicit operator bool() const noexcept { return call != nullptr; }
  };

  HeldCalls(std::uint32_t slots, const HomeLimits& limits);

  /// Takes it in: its id and slot. An empty entry when there are as many as there may be, or none
  /// is taken any more.
  Entry add(const std::shared_ptr<HomeCall>& call);
  /// Empty for an id that is not held, or not any more.
  Entry find(std::uint64_t id) const;
  void setStreams(std::uint64_t id, std::shared_ptr<StreamSender> request,
                  std::shared_ptr<StreamReceiver> answer);
  /// It is over: what was held. Empty as for find().
  Entry remove(std::uint64_t id);

  void setLimits(const HomeLimits& limits);
  /// No more are taken.
  void close();
  /// True when none is left; false when `until` came first.
  bool awaitNone(std::chrono::steady_clock::time_point until);
  /// All that are left, which are not held any more. Call close() before.
  std::vector<Entry> takeAll();
  HomeLoad load(const BlackBox& box) const;
  std::chrono::milliseconds longestOverdue(const BlackBox& box) const;

 private:
  std::size_t& count(EntryLane lane) { return counts_[static_cast<std::size_t>(lane)]; }
  std::size_t mostLocked(EntryLane lane) const;
  bool isEmptyLocked() const { return slots_.size() == free_.size(); }
  Entry removeLocked(std::uint32_t slot);
  const Entry* findLocked(std::uint64_t id) const;

  const std::uint32_t slots_max_;
  mutable std::mutex mutex_;
  std::condition_variable none_;
  HomeLimits limits_;
  std::vector<Entry> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t sequence_ = 0;
  std::array<std::size_t, kEntryLanes> counts_{};  ///< of those that are held, by EntryLane
  std::uint64_t refused_ = 0;
  bool closed_ = false;
};

}  // namespace bulkhead::host
