#include "data/run_delay.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace bulkhead::host::data {
namespace {

// The kernel's account of one thread, open as long as the thread lives.
class ScheduleStatistics {
 public:
  ScheduleStatistics() : file_{::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)} {}
  ~ScheduleStatistics() {
    if (file_ >= 0) ::close(file_);
  }
  ScheduleStatistics(const ScheduleStatistics&) = delete;
  ScheduleStatistics& operator=(const ScheduleStatistics&) = delete;

  // Three numbers: nanoseconds on a CPU, nanoseconds waiting for one, and time slices.
  std::chrono::nanoseconds waiting() const {
    char text[96] = {};
    if (file_ < 0 || ::pread(file_, text, sizeof text - 1, 0) <= 0) return {};
    char* next = nullptr;
    std::strtoll(text, &next, 10);
    return std::chrono::nanoseconds{std::strtoll(next, nullptr, 10)};
  }

 private:
  const int file_;
};

}  // namespace

std::chrono::nanoseconds runDelay() noexcept {
  thread_local const ScheduleStatistics kStatistics;
  return kStatistics.waiting();
}

}  // namespace bulkhead::host::data
