#include "slot_token.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <iostream>

#include <bulkhead/error.hpp>

namespace booking {
namespace {

const Instant kNow = fromEpoch(1'767'600'000);

class SlotTokenTest : public testing::Test {
 protected:
  static SlotClaim claim() { return {"cut", "anna", "", seconds{1800}, kNow + seconds{86400}}; }
  std::string token(const SlotClaim& offer = claim(), std::string_view tenant = "t1") const {
    return tokens_.writer(tenant, offer, kNow).token(offer.start);
  }
  /// The code that opening is refused with; empty when it is not.
  std::string refusal(std::string_view text, std::string_view tenant = "t1",
                      Instant now = kNow) const {
    try {
      tokens_.open(tenant, text, now);
      return {};
    } catch (const bulkhead::Error& error) {
      return error.code();
    }
  }

  const SlotTokens tokens_{KeyedHash{"a secret of thirty-two characters"}};
};

TEST_F(SlotTokenTest, SaysWhatWasOffered) {
  for (const char* resource : {"", "a", "an", "anna", "0190b0c2-7e1d-7c3a-9a55-0123456789ab"}) {
    SlotClaim offer = claim();
    offer.resource = resource;
    offer.location = "main";
    EXPECT_EQ(tokens_.open("t1", token(offer), kNow), offer) << resource;
  }
}

TEST_F(SlotTokenTest, OneWriterMakesATokenForEachStart) {
  const auto writer = tokens_.writer("t1", claim(), kNow);
  for (int i = 0; i < 5; ++i) {
    const Instant start = kNow + seconds{i * 900};
    EXPECT_EQ(tokens_.open("t1", writer.token(start), kNow).start, start);
  }
}

TEST_F(SlotTokenTest, IsGoodForTenMinutes) {
  EXPECT_EQ(refusal(token(), "t1", kNow + seconds{599}), "");
  EXPECT_EQ(refusal(token(), "t1", kNow + seconds{600}), "SLOT_TOKEN_EXPIRED");
}

TEST_F(SlotTokenTest, IsOneTenants) {
  EXPECT_EQ(refusal(token(), "t2"), "SLOT_TOKEN_INVALID");
  EXPECT_EQ(refusal(token(claim(), "t"), "t1"), "SLOT_TOKEN_INVALID");
}

TEST_F(SlotTokenTest, IsOneKeys) {
  const SlotTokens others{KeyedHash{"another secret of 32 characters.."}};
  EXPECT_EQ(refusal(others.writer("t1", claim(), kNow).token(claim().start)), "SLOT_TOKEN_INVALID");
}

// Goal: nobody books what was not offered. Method: every letter of a token changed to every other
// letter, and every length cut off.
TEST_F(SlotTokenTest, NoLetterOfItCanBeChanged) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=. ";
  const std::string good = token();
  ASSERT_EQ(refusal(good), "");
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char letter : kLetters) {
      if (letter == good[i]) continue;
      std::string forged = good;
      forged[i] = letter;
      ASSERT_EQ(refusal(forged), "SLOT_TOKEN_INVALID") << i << letter;
    }
    ASSERT_EQ(refusal(good.substr(0, i)), "SLOT_TOKEN_INVALID") << i;
  }
  EXPECT_EQ(refusal(good + "AAAA"), "SLOT_TOKEN_INVALID");
  EXPECT_EQ(refusal(std::string(100'000, 'A')), "SLOT_TOKEN_INVALID");
}

// Twenty tokens of a page beside the page's own work of about a hundred microseconds.
TEST_F(SlotTokenTest, ATokenIsCheap) {
  constexpr int kTokens = 20'000;
  const auto writer = tokens_.writer("t1", claim(), kNow);
  const auto begin = std::chrono::steady_clock::now();
  std::size_t letters = 0;
  for (int i = 0; i < kTokens; ++i) letters += writer.token(kNow + seconds{i}).size();
  const auto spent = std::chrono::steady_clock::now() - begin;
  std::cout << "a token: " << std::chrono::duration<double, std::nano>(spent).count() / kTokens
            << " ns, " << letters / kTokens << " letters\n";
  EXPECT_LT(spent / kTokens, std::chrono::microseconds{50});
}

}  // namespace
}  // namespace booking
