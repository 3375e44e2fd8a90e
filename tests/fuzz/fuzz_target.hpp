#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>

/// What libFuzzer calls with each input, and the replay with each file of the corpus. Crashing,
/// hanging, or letting an exception escape is the finding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace bulkhead::fuzz {

inline std::string_view textOf(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process with `claim` when it does not hold.
inline void require(bool holds, std::string_view claim) {
  if (holds) return;
  fmt::print(stderr, "does not hold: {}\n", claim);
  std::abort();
}

}  // namespace bulkhead::fuzz
