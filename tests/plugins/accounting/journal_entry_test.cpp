#include "journal_entry.hpp"

#include <gtest/gtest.h>

#include <bulkhead/error.hpp>

#include "amount.hpp"

namespace accounting {
namespace {

// Goal: what the store's CHECK would refuse is refused before, with a reason.
TEST(JournalEntry, A2_AmountsAreThoseTheStoreTakes) {
  const auto isTaken = [](std::int64_t amount) {
    try {
      requireAmounts({{"a", amount, ""}, {"b", 1, ""}});
    } catch (const bulkhead::Error& error) {
      EXPECT_EQ(error.code(), "VALIDATION_ERROR") << amount;
      return false;
    }
    return true;
  };
  for (const std::int64_t amount : {std::int64_t{1}, std::int64_t{-1}, kAmountMax, -kAmountMax}) {
    EXPECT_TRUE(isTaken(amount)) << amount;
  }
  for (const std::int64_t amount : {std::int64_t{0}, kAmountMax + 1, -kAmountMax - 1}) {
    EXPECT_FALSE(isTaken(amount)) << amount;
  }
}

}  // namespace
}  // namespace accounting
