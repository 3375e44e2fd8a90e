#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/call_stage.hpp"
#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {

/// Memory that a worker shares with the host: what each of its calls is doing, its last log lines,
/// its heart. Written without locks and without a system call, so that it tells the truth after any
/// death. The worker can write whatever it likes into it, and the host believes nothing that could
/// harm it; neither side can change its size.
class BlackBox {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// What a call was doing.
  struct CallRecord {
    std::uint64_t id = 0;
    CallStage stage = CallStage::None;
    std::chrono::microseconds begun{0};  ///< of the steady clock
    std::string method;
    std::string route;
    std::string request_id;
  };

  /// A new one, for so many calls at once. Throws Error (NO_BLACK_BOX).
  static BlackBox make(std::uint32_t slots);
  /// The one behind a descriptor that was handed over. Throws Error (NO_BLACK_BOX) for anything
  /// else.
  static BlackBox open(FileDescriptor memory);
  BlackBox(BlackBox&& other) noexcept;
  BlackBox& operator=(BlackBox&&) = delete;
  ~BlackBox();

  int descriptor() const noexcept { return memory_.get(); }
  std::uint32_t slots() const noexcept { return slots_; }
  /// Of memory, in whole pages.
  std::size_t bytes() const noexcept;

  // The worker's.

  /// The accept mark: from here on the call counts as begun. The place where its stages go.
  std::atomic<CallStage>* begin(std::uint32_t slot, std::uint64_t id, std::string_view method,
                                std::string_view route, std::string_view request_id) noexcept;
  /// The host has its answer, or will.
  void done(std::uint32_t slot) noexcept;
  /// The call whose stages go to `place` is what this process dies of. For a signal handler.
  void blame(const std::atomic<CallStage>* place) noexcept;
  void beat() noexcept;
  /// Keeps the first 500 bytes of a line, and the last 64 lines. Any thread.
  void addLine(std::string_view line) noexcept;
  int logLevel() const noexcept;
  std::chrono::microseconds slowQuery() const noexcept;
  /// Oldest first, with write(2) alone: for a signal handler.
  void writeLines(int descriptor) const noexcept;

  // The host's.

  void setLogLevel(int level) noexcept;
  void setSlowQuery(std::chrono::microseconds threshold) noexcept;
  /// Whether the call in that slot was begun; when in doubt, it was.
  bool hasBegun(std::uint32_t slot, std::uint64_t id) const noexcept;
  CallRecord call(std::uint32_t slot) const;
  /// Id of the call that was blamed; 0 for none.
  std::uint64_t blamed() const noexcept;
  /// When the worker's heart last beat; Time{} before the first.
  Time lastBeat() const noexcept;
  /// Oldest first.
  std::vector<std::string> lines() const;

 private:
  struct Page;
  struct Call;
  struct Line;

  BlackBox(FileDescriptor memory, void* address, std::uint32_t slots)
      : memory_{std::move(memory)}, address_{address}, slots_{slots} {}
  static std::size_t bytesFor(std::uint32_t slots);
  Page& page() const noexcept;
  Call& at(std::uint32_t slot) const noexcept;

  FileDescriptor memory_;
  void* address_;
  std::uint32_t slots_;
};

}  // namespace bulkhead::host
