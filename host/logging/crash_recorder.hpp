#pragma once

#include <filesystem>
#include <string>

namespace bulkhead::host {

struct CrashRecorderOptions {
  std::filesystem::path folder;  ///< of the records; made when it is missing
  std::string version;
  std::string revision;
  /// Writes the last log lines; must be safe in a signal handler. The process's own when null.
  void (*write_last_lines)(int descriptor) = nullptr;
  unsigned seconds_max = 10;  ///< longest time for the record
};

/// Writes a record when SIGSEGV, SIGBUS, SIGILL, SIGFPE or SIGABRT ends the process: signal,
/// address, version, uptime, the thread and what it did for whom, a backtrace with module and
/// offset, the last log lines (S133, C19). Then the signal's own action follows, so that core file
/// and exit status are those of the crash.
///
/// The handler takes no lock and no memory: the file is open from the start, the modules are
/// known, threads have a stack for it. A fault within it costs the rest of the part that it is in;
/// each part is begun once, and `seconds_max` ends it. A signal that somebody handles already (a
/// sanitizer) is left to them. One per process, from its main thread; a child that was forked and
/// has not called exec writes nothing.
class CrashRecorder {
 public:
  /// Throws std::system_error when the record cannot be opened.
  explicit CrashRecorder(const CrashRecorderOptions& options);
  /// Gives the signals back and removes the record that was not needed.
  ~CrashRecorder();
  CrashRecorder(const CrashRecorder&) = delete;
  CrashRecorder& operator=(const CrashRecorder&) = delete;
};

}  // namespace bulkhead::host
