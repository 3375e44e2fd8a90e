#pragma once

#include <chrono>
#include <thread>

namespace bulkhead::host::health {

/// Polls until `condition()` holds; false after ten seconds.
template <class Condition>
bool waitFor(const Condition& condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    // allowed: between two looks at the condition
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

}  // namespace bulkhead::host::health
