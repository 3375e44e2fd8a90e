#include "runtime/services.hpp"

#include <chrono>

namespace bulkhead::host {

std::int64_t SystemClock::nowUs() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(now().time_since_epoch()).count();
}

std::int64_t SystemClock::monotonicUs() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::chrono::system_clock::time_point SystemClock::now() {
  return std::chrono::system_clock::now();
}

}  // namespace bulkhead::host
