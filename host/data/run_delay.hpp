#pragma once

#include <chrono>

namespace bulkhead::host::data {

/// How long this thread has waited for a CPU since it began, while it could have run; zero where
/// the kernel does not tell. Costs a microsecond, and a descriptor for each thread that asks.
std::chrono::nanoseconds runDelay() noexcept;

}  // namespace bulkhead::host::data
