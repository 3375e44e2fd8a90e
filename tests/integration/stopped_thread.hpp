#pragma once

#include <string_view>
#include <sys/types.h>

namespace bulkhead::integration {

/// One thread of a child process that stands still for as long as this lives, as one that is
/// blocked for ever would; the others run. Made and destroyed by one thread.
class StoppedThread {
 public:
  /// Takes the thread of that name. Throws std::runtime_error when there is none.
  StoppedThread(pid_t process, std::string_view name);
  ~StoppedThread();
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;

 private:
  pid_t thread_ = 0;
};

}  // namespace bulkhead::integration
