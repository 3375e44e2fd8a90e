#include "runtime/services.hpp"

#include <cerrno>
#include <chrono>
#include <sys/random.h>

#include <bulkhead/error.hpp>

#include "runtime/message.hpp"

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

LogTrace traceOf(const HttpRequest& request) {
  return {request.request_id, request.trace_id, request.span_id, request.principal.tenant,
          request.principal.key_id};
}

void SystemRandomness::fill(void* out, std::size_t size) {
  auto* next = static_cast<unsigned char*>(out);
  while (size > 0) {
    const ssize_t got = getrandom(next, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error::app("NO_RANDOMNESS", "The system gives no random bytes.");
    next += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace bulkhead::host
