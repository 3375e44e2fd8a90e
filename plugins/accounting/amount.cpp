#include "amount.hpp"

#include <string>

#include <bulkhead/error.hpp>

namespace accounting {

std::int64_t sum(std::int64_t a, std::int64_t b) {
  std::int64_t total = 0;
  if (__builtin_add_overflow(a, b, &total)) {
    throw bulkhead::Error::app("AMOUNT_OVERFLOW", "A total is larger than 64 bits can hold.");
  }
  return total;
}

void writeAmount(bulkhead::JsonWriter& out, std::int64_t amount) {
  if (amount >= -kAmountMax && amount <= kAmountMax) return out.value(amount);
  out.value(std::to_string(amount));
}

}  // namespace accounting
