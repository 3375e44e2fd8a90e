#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include <bulkhead/sent_once.hpp>

namespace bulkhead {
namespace {

using std::chrono::seconds;

/// A message as a plugin keeps it, and the row of its store.
struct Kept {
  std::string id;
  std::optional<std::int64_t> attempted_us;
  bool is_there = false;
};

std::int64_t clock_us = 0;

std::int64_t nowUs(bulkhead_home* /*home*/) noexcept {
  return clock_us;
}

/// A store whose transactions do nothing by themselves.
bulkhead_status writeOnce(bulkhead_home* /*home*/, bulkhead_context* /*context*/,
                          bulkhead_transaction_fn body, void* self,
                          const bulkhead_error_sink* sink) noexcept {
  static char nothing = 0;
  return body(self, reinterpret_cast<bulkhead_transaction*>(&nothing), sink);
}

class SentOnceTest : public testing::Test {
 protected:
  SentOnceTest() {
    clock_us = 1'767'600'000'000'000;
    table_.size = sizeof table_;
    table_.now_us = &nowUs;
    table_.db_write = &writeOnce;
  }

  SentOnce once(seconds settle_time = seconds{60}) {
    return {Host{table_, home()},
            {"Vendor", seconds{15}, settle_time},
            [this](Transaction&, std::string_view, SentOnce::Time before, SentOnce::Time now) {
              if (!row_ || row_->is_there || row_->attempted_us != before) return false;
              row_->attempted_us = now;
              return true;
            }};
  }
  SentOnce::Taken<Kept> take() {
    return once().take(
        context_, Kept{"m1", std::nullopt, false}, [this](Transaction&) { return row_; },
        [this](Transaction&, const Kept& fresh) { row_ = fresh; },
        [](const Kept& kept) { return kept.is_there; });
  }
  /// What a try that ends with this error leaves in the store, and what is said of it.
  std::string codeOf(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      retry_after_s_ = error.retryAfterSeconds();
      return error.code();
    }
    return {};
  }
  std::string attempt(const Kept& kept, const Error& error) {
    return codeOf([&] { once().attempt(kept, [&]() -> int { throw error; }); });
  }
  /// A look that takes no time, and another try.
  void again(Kept& kept) { once().beginAgain(context_, kept, once().beginLook(kept)); }
  bulkhead_home& home() { return *reinterpret_cast<bulkhead_home*>(&nothing_); }

  char nothing_ = 0;
  bulkhead_host table_{};
  Context context_{table_, nullptr};
  std::optional<Kept> row_;
  int retry_after_s_ = 0;
};

TEST_F(SentOnceTest, OfManyWhoAskOneMaySend) {
  const auto first = take();
  EXPECT_TRUE(first.may_send);
  EXPECT_EQ(first.kept.attempted_us, clock_us);
  const auto second = take();
  EXPECT_FALSE(second.may_send);
  EXPECT_EQ(second.kept.attempted_us, first.kept.attempted_us);
  EXPECT_EQ(once().beginLook(second.kept).since,
            std::chrono::microseconds{clock_us} - SentOnce::kClockSkew);
}

TEST_F(SentOnceTest, WhatIsThereIsNotSent) {
  row_ = Kept{"m1", std::nullopt, true};
  const auto taken = take();
  EXPECT_FALSE(taken.may_send);
  EXPECT_TRUE(taken.kept.is_there);
}

TEST_F(SentOnceTest, AnErrorWithoutAnEffectLetsTheNextOneSendAtOnce) {
  const auto taken = take();
  EXPECT_EQ(attempt(taken.kept, provider::unreachable("Vendor")), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(row_->attempted_us, std::nullopt);
  EXPECT_TRUE(take().may_send);
}

TEST_F(SentOnceTest, AnErrorThatMayHaveHadItsEffectKeepsTheTry) {
  const auto taken = take();
  for (const Error& error : {provider::ambiguous("Vendor"), provider::failed("Vendor"),
                             provider::answerInvalid("Vendor")}) {
    EXPECT_EQ(attempt(taken.kept, error), "PROVIDER_AMBIGUOUS");
    EXPECT_EQ(retry_after_s_, 60);
    EXPECT_EQ(row_->attempted_us, taken.kept.attempted_us);
  }
  EXPECT_FALSE(take().may_send);
}

TEST_F(SentOnceTest, AnotherTryBeginsWhenTheFirstCouldHaveBeenSeen) {
  Kept kept = take().kept;
  clock_us += 59'500'000;
  EXPECT_EQ(codeOf([&] { again(kept); }), "PROVIDER_AMBIGUOUS");
  EXPECT_EQ(retry_after_s_, 1);
  clock_us += 500'000;
  Kept other = kept;
  EXPECT_EQ(codeOf([&] { again(kept); }), "");
  EXPECT_EQ(kept.attempted_us, clock_us);
  EXPECT_EQ(row_->attempted_us, clock_us);
  EXPECT_EQ(codeOf([&] { again(other); }), "PROVIDER_AMBIGUOUS") << "somebody else was first";
  EXPECT_EQ(retry_after_s_, 60);
}

TEST_F(SentOnceTest, ASettleTimeBelowTheTimeOutIsRefused) {
  EXPECT_EQ(codeOf([&] { once(seconds{20}); }), "");
  EXPECT_EQ(codeOf([&] { once(seconds{19}); }), "SETTLE_TIME_TOO_SHORT");
}

// Goal: a look that ends before the first try can be seen proves nothing. Method: the look begins
// within the settle time, the answer comes after it; the first try took effect in between.
TEST_F(SentOnceTest, ALookThatBeganTooEarlyProvesNothing) {
  Kept kept = take().kept;
  clock_us += 59'900'000;
  const auto look = once().beginLook(kept);
  clock_us += 200'000;
  EXPECT_EQ(codeOf([&] { once().beginAgain(context_, kept, look); }), "PROVIDER_AMBIGUOUS");
  EXPECT_EQ(row_->attempted_us, kept.attempted_us);
  EXPECT_EQ(codeOf([&] { again(kept); }), "");
}

// Goal: a try is over when the settle time is, however long the store and the queue took.
TEST_F(SentOnceTest, ATryThatWouldBeginTooLateDoesNot) {
  const auto taken = take();
  int sent = 0;
  clock_us += 5'000'001;
  EXPECT_EQ(codeOf([&] { once().attempt(taken.kept, [&] { return ++sent; }); }),
            "PROVIDER_UNREACHABLE");
  EXPECT_EQ(sent, 0);
  EXPECT_EQ(row_->attempted_us, std::nullopt) << "the next one may begin at once";
  const auto next = take();
  clock_us += 5'000'000;
  EXPECT_EQ(codeOf([&] { once().attempt(next.kept, [&] { return ++sent; }); }), "");
  EXPECT_EQ(sent, 1);
}

TEST_F(SentOnceTest, AnErrorThatNobodyKnowsKeepsTheTry) {
  const auto taken = take();
  for (const Error& error :
       {Error::externalService("SOMETHING_NEW", "?"), Error::app("INTERNAL_ERROR", "?"),
        Error::database("DATABASE_UNAVAILABLE", "?"), Error::conflict("CONFLICT", "?")}) {
    EXPECT_EQ(attempt(taken.kept, error), "PROVIDER_AMBIGUOUS") << error.code();
    EXPECT_EQ(row_->attempted_us, taken.kept.attempted_us);
  }
}

}  // namespace
}  // namespace bulkhead
