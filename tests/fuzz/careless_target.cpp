#include <stdexcept>

#include "fuzz/fuzz_target.hpp"

/// What a replay has to notice: a reader that lets an exception escape.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (bulkhead::fuzz::textOf(data, size).starts_with("careless"))
    throw std::runtime_error{"escaped"};
  return 0;
}
