#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>

#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {

/// The descriptors that a worker has when it begins, beside 0 (nothing), 1 and 2 (the host's
/// standard error).
inline constexpr int kWorkerLinkDescriptor = 3;
inline constexpr int kWorkerBoxDescriptor = 4;

/// How a process ended.
struct ProcessEnd {
  std::optional<int> signal;  ///< that killed it
  int exit_code = 0;          ///< when none did
};

/// What a process uses at one moment.
struct WorkerUsage {
  std::uint64_t memory_bytes = 0;  ///< of its own: anonymous, shared, of huge pages and swapped out
  std::uint64_t threads = 0;
  std::chrono::milliseconds processor{0};  ///< time on processors since it began, of all threads
};

/// A program that workers are: what lies at the path may change, this does not.
class WorkerProgram {
 public:
  /// The file that this process runs.
  static WorkerProgram own();
  /// Another one, for tests.
  static WorkerProgram at(const std::filesystem::path& path);

  /// What starts it, for as long as this object and this process live.
  std::filesystem::path path() const;

 private:
  explicit WorkerProgram(FileDescriptor file) : file_{std::move(file)} {}
  FileDescriptor file_;
};

/// The option that says WorkerRole::Store, for those who list processes.
inline constexpr const char* kStoreOnly = "--store-only";

/// What a worker has of a plugin.
enum class WorkerRole {
  Plugin,  ///< all of it
  Store    ///< its store and none of its code
};

/// A worker's process, from its start to its end. It is killed when this object goes, and when this
/// process dies, however it dies. Thread-safe.
class WorkerProcess {
 public:
  /// Starts `bulkhead worker [--store-only] PLUGIN` with these ends of link and black box, which
  /// stay the caller's. Throws Error (NO_CHILD_PROCESS).
  WorkerProcess(const WorkerProgram& program, const std::string& plugin, WorkerRole role, int link,
                int box);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  pid_t id() const noexcept { return id_; }
  void signal(int number) const noexcept;
  /// Waits for its end; nothing when `patience` ran out.
  std::optional<ProcessEnd> awaitEnd(std::chrono::milliseconds patience);
  /// All 0 when it has ended. `lent_bytes` of its shared memory are the host's and do not count.
  WorkerUsage usage(std::uint64_t lent_bytes) const;

 private:
  pid_t id_ = 0;
  FileDescriptor handle_;  ///< of the process itself: its id may be another's once it has ended
  std::mutex mutex_;
  std::optional<ProcessEnd> end_;
};

}  // namespace bulkhead::host
