#include "data/run_delay.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace bulkhead::host::data {

// The file holds three numbers: nanoseconds on a CPU, nanoseconds waiting for one, and time slices.
std::chrono::nanoseconds runDelay() noexcept {
  const int file = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[96] = {};
  const ssize_t size = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (size <= 0) return {};
  char* next = nullptr;
  std::strtoll(text, &next, 10);
  return std::chrono::nanoseconds{std::strtoll(next, nullptr, 10)};
}

}  // namespace bulkhead::host::data
