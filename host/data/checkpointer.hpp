#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "data/sqlite_connection.hpp"

namespace bulkhead::host::data {

/// Moves a store's write-ahead log into its file beside the writers, on a thread and a connection
/// of its own: SQLite's own way does it within a commit, which every caller of the group waits for.
///
/// What was written meanwhile keeps the log from ending, so after a pass that left little the
/// leader moves the rest itself, between two groups, and the next write begins the log anew.
class Checkpointer {
 public:
  using Open = std::function<std::unique_ptr<SqliteConnection>()>;

  /// `open` makes a maintenance connection, or throws. The thread starts with the first work.
  explicit Checkpointer(Open open) : open_{std::move(open)} {}
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// For the leader, between two groups. Never throws: a log that cannot be moved now is moved
  /// later.
  void afterCommit(SqliteConnection& writer) noexcept;
  /// For the leader. Returns when no pass runs, and lets go of the file.
  void release() noexcept;

 private:
  void moveRest(SqliteConnection& writer, int frames);
  void begin(int frames);
  void work();
  void pass();

  const Open open_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;
  bool busy_ = false;
  bool ended_ = false;
  std::unique_ptr<SqliteConnection> connection_;  ///< the thread's while busy_
  std::atomic<bool> nearly_done_{false};
  std::atomic<int> frames_{0};  ///< in the log, at the last commit
  int next_at_ = 0;             ///< the leader's: length of the log, in frames, at which to begin
  std::thread thread_;
};

}  // namespace bulkhead::host::data
