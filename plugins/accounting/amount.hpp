#pragma once

#include <cstdint>

#include <bulkhead/json_writer.hpp>

/// Whole minor units of a currency, debit positive. There is no other number for money.
namespace accounting {

/// The largest amount of a line, 2^53-1: what every reader of JSON takes exactly.
inline constexpr std::int64_t kAmountMax = 9'007'199'254'740'991;

/// Throws AMOUNT_OVERFLOW where the sum has no place in 64 bits.
std::int64_t sum(std::int64_t a, std::int64_t b);

/// A number, or, where JSON's readers would lose digits, text.
void writeAmount(bulkhead::JsonWriter& out, std::int64_t amount);

}  // namespace accounting
