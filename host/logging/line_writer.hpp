#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "logging/level.hpp"
#include "logging/recent_lines.hpp"

namespace bulkhead::host {

/// What became of the lines so far.
struct LogStatistics {
  std::uint64_t lines = 0;                  ///< accepted
  std::array<std::uint64_t, 5> accepted{};  ///< by level
  std::array<std::uint64_t, 5> dropped{};   ///< by level
  std::uint64_t write_failures = 0;         ///< batches that a destination did not take
  std::uint64_t droppedTotal() const noexcept;
};

/// Takes finished lines from any thread and writes them from a thread of its own: two buffers that
/// change places, one bounded sum of bytes. When it is behind, Debug goes first (at half of the
/// bound), then Info (three quarters), then Warn (full). Error and Fatal wait up to 50 ms for room
/// and then use a reserve of 1 MiB; only a destination that takes nothing at all can lose them.
/// Lines that a plugin writes have a share of their own, so that one that floods drops its own
/// lines and nobody else's: a quarter of the bound, a half for Error and Fatal.
class LineWriter {
 public:
  static constexpr std::size_t kReserveBytes = 1024 * 1024;
  static constexpr std::chrono::milliseconds kErrorWaitMax{50};
  static constexpr std::chrono::milliseconds kStopWaitMax{3000};

  struct Options {
    int descriptor = 1;          ///< standard output; -1 for none; stays open
    std::filesystem::path file;  ///< second destination; empty for none
    std::size_t pending_bytes_max = 8 * 1024 * 1024;
    /// Makes the line that tells of dropped lines.
    std::function<std::string(const LogStatistics&)> dropped_line;
    /// Called by the writer about once a second.
    std::function<void()> on_tick;
  };

  explicit LineWriter(Options options);
  /// Writes what is pending, for at most 3 s.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// `line` ends in "\n"; `plugin` wrote it, or the host when that is empty.
  void append(Level level, std::string_view line, std::string_view plugin = {});
  /// Opens the file anew, after it was moved away; lines before the call are in the old one. A
  /// file that cannot be opened is tried again about once a second, and each batch without it
  /// counts as a failure.
  void reopen();
  /// Goes on in another file, in none when empty. False, and nothing has changed, when it cannot be
  /// opened.
  bool setFile(const std::filesystem::path& file);
  /// Waits until all lines so far are written; false when that takes longer.
  bool flush(std::chrono::milliseconds time_max);
  /// False when a file was asked for and cannot be opened.
  bool fileIsOpen() const;

  LogStatistics statistics() const;
  std::vector<std::string> lastLines() const;
  /// For signal handlers, see `RecentLines`.
  const RecentLines& recent() const noexcept { return recent_; }

 private:
  /// Bytes held by each plugin; few enough to be looked through.
  using Shares = std::vector<std::pair<std::string, std::size_t>>;

  bool makeRoom(std::unique_lock<std::mutex>& lock, Level level, std::size_t size);
  bool takeShare(Level level, std::string_view plugin, std::size_t size);
  std::size_t bytesHeld() const { return pending_.size() + writing_bytes_; }
  void run();
  void waitForLines(std::unique_lock<std::mutex>& lock);
  void writeBatch();
  bool writeAll(int descriptor, std::string_view text);
  bool isGivingUp() const;
  int openFile() const;
  void changeFile();
  void closeFile();
  bool wantsFile() const;

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable progress_;
  std::string pending_;
  std::string writing_;
  Shares pending_shares_;
  Shares writing_shares_;
  std::size_t writing_bytes_ = 0;
  std::uint64_t appended_bytes_ = 0;
  std::uint64_t written_bytes_ = 0;
  std::uint64_t reported_drops_ = 0;
  LogStatistics statistics_;
  RecentLines recent_;
  bool urgent_ = false;
  bool reopen_ = false;
  std::filesystem::path path_;    // of the second destination; guarded by mutex_
  std::optional<int> next_file_;  // opened by setFile(), for the writer to take; guarded by mutex_
  bool stuck_ = false;
  bool stop_ = false;
  std::atomic<std::int64_t> give_up_at_ms_{0};
  std::atomic<int> file_{-1};
  std::thread thread_;
};

}  // namespace bulkhead::host
