#include "security/gcra.hpp"

#include <array>
#include <deque>
#include <gtest/gtest.h>
#include <random>

namespace bulkhead::host {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

/// A client of one window, as the table remembers it.
struct Client {
  GcraWindow window;
  std::int64_t tat_us = 0;

  QuotaWindow ask(std::int64_t now_us) {
    const GcraStep step{window, tat_us, now_us};
    const bool allowed = step.isAllowed();
    const QuotaWindow quota = step.quota(allowed);
    tat_us = allowed ? step.next() : step.current();
    return quota;
  }
};

TEST(Gcra, S40_ABurstThenOneForEachInterval) {
  Client client{GcraWindow::of(5, 5 * kSecond)};
  struct Row {
    double at_s;
    bool allowed;
    std::int64_t remaining;
    double retry_s;
    double reset_s;
  };
  constexpr std::array kRows{
      Row{0, true, 4, 0, 1},        Row{0, true, 3, 0, 2},     Row{0, true, 2, 0, 3},
      Row{0, true, 1, 0, 4},        Row{0, true, 0, 0, 5},     Row{0, false, 0, 1, 5},
      Row{0.5, false, 0, 0.5, 4.5}, Row{1, true, 0, 0, 5},     Row{1, false, 0, 1, 5},
      Row{3, true, 1, 0, 4},        Row{3, true, 0, 0, 5},     Row{3.25, false, 0, 0.75, 4.75},
      Row{9, true, 4, 0, 1},        Row{9.5, true, 3, 0, 1.5}, Row{100, true, 4, 0, 1}};
  constexpr std::int64_t kBegin = 1'800'000'000 * kSecond;
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    const Row& row = kRows[i];
    const auto quota = client.ask(kBegin + static_cast<std::int64_t>(row.at_s * kSecond));
    EXPECT_EQ(quota.retry_us == 0, row.allowed) << "row " << i;
    EXPECT_EQ(quota.remaining, row.remaining) << "row " << i;
    EXPECT_EQ(quota.retry_us, static_cast<std::int64_t>(row.retry_s * kSecond)) << "row " << i;
    EXPECT_EQ(quota.reset_us, static_cast<std::int64_t>(row.reset_s * kSecond)) << "row " << i;
  }
}

TEST(Gcra, AWholeBurstIsTakenWhateverDoesNotDivide) {
  for (const std::int64_t limit : {1, 3, 7, 600, 999, 100'000}) {
    Client client{GcraWindow::of(limit, 60 * kSecond)};
    for (std::int64_t i = 0; i < limit; ++i) ASSERT_EQ(client.ask(kSecond).retry_us, 0) << limit;
    EXPECT_GT(client.ask(kSecond).retry_us, 0) << limit;
  }
}

TEST(Gcra, AClockThatWasSetBackCostsOneWindowAndNoMore) {
  Client client{GcraWindow::of(10, 10 * kSecond)};
  client.ask(5'000 * kSecond);
  const auto refused = client.ask(1'000 * kSecond);  // more than an hour earlier
  EXPECT_EQ(refused.retry_us, 1 * kSecond);
  EXPECT_EQ(refused.reset_us, 10 * kSecond);
  EXPECT_EQ(client.ask(1'001 * kSecond).retry_us, 0);
}

TEST(Gcra, ASmallerLimitHoldsAtOnce) {
  Client client{GcraWindow::of(100, 60 * kSecond)};
  for (int i = 0; i < 100; ++i) client.ask(0);
  client.window = GcraWindow::of(2, 60 * kSecond);
  EXPECT_EQ(client.ask(0).retry_us, 30 * kSecond);
}

/// What it has to be, in other words: a bucket of tokens that is filled one by one.
class PlainBucket {
 public:
  explicit PlainBucket(const GcraWindow& window) : window_{window} {}

  bool take(std::int64_t now_us) {
    while (!due_.empty() && due_.front() <= now_us) due_.pop_front();
    if (std::cmp_greater_equal(due_.size(), window_.burst)) return false;
    due_.push_back((due_.empty() ? now_us : due_.back()) + window_.interval_us);
    return true;
  }

 private:
  GcraWindow window_;
  std::deque<std::int64_t> due_;  // when each token that is out comes back
};

struct Outcome {
  std::int64_t taken = 0;
  std::int64_t differences = 0;
  bool over = false;  ///< more than the burst and what has come back, from any request on
};

/// Compares with the model at random times, some of which are exactly on an edge.
template <class Ask>
Outcome runAgainstModel(std::uint32_t seed, const GcraWindow& window, const Ask& ask) {
  std::mt19937 random{seed};
  PlainBucket model{window};
  std::deque<std::int64_t> taken;
  Outcome run;
  std::int64_t now_us = 1'000 * kSecond;
  for (int i = 0; i < 3'000; ++i) {
    const std::int64_t steps[] = {0, 1, window.interval_us - 1, window.interval_us,
                                  static_cast<std::int64_t>(random() % 1'000'000)};
    now_us += steps[random() % std::size(steps)];
    const bool allowed = ask(now_us);
    if (allowed != model.take(now_us)) ++run.differences;
    if (!allowed) continue;
    taken.push_back(now_us);
    ++run.taken;
    for (std::size_t first = 0; first < taken.size(); ++first) {
      const auto count = static_cast<std::int64_t>(taken.size() - first);
      run.over |= count > window.burst + (now_us - taken[first]) / window.interval_us;
    }
    if (taken.size() > 200) taken.pop_front();
  }
  return run;
}

TEST(Gcra, S39_IsThePlainModelAndNeverOverTheLimit) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const auto window = GcraWindow::of(1 + seed % 17, 3 * kSecond + seed);
    Client client{window};
    const Outcome run = runAgainstModel(
        seed, window, [&](std::int64_t now_us) { return client.ask(now_us).retry_us == 0; });
    EXPECT_EQ(run.differences, 0) << "seed " << seed;
    EXPECT_FALSE(run.over) << "seed " << seed;
    EXPECT_GT(run.taken, 100) << "seed " << seed;
  }
}

TEST(Gcra, S39_NegativeControl_AWindowThatBeginsAnewGoesOverTheLimit) {
  const auto window = GcraWindow::of(5, 3 * kSecond);
  std::int64_t window_number = 0;
  std::int64_t count = 0;
  const Outcome run = runAgainstModel(1, window, [&](std::int64_t now_us) {
    if (const auto number = now_us / (3 * kSecond); number != window_number) {
      window_number = number;
      count = 0;
    }
    return ++count <= window.burst;
  });
  EXPECT_TRUE(run.over);
  EXPECT_GT(run.differences, 0);
}

}  // namespace
}  // namespace bulkhead::host
