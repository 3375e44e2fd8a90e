#include "plugins/worker_care.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/processor_share.hpp"
#include "plugins/recycle_pace.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using Time = std::chrono::steady_clock::time_point;
using Verdict = RecyclePace::Verdict;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr Time kBegin{std::chrono::hours{1}};

TEST(WorkerCare, WhatIsAboveAHardLimitEndsItAtOnce) {
  WorkerCare care;
  care.memory_bytes_max = 100 * kMiB;
  care.threads_max = 50;
  EXPECT_THAT(excessOf({100 * kMiB, 50, {}}, care), IsEmpty());
  EXPECT_EQ(excessOf({101 * kMiB, 50, {}}, care), "held 101 MiB of memory, and may hold 100");
  EXPECT_EQ(excessOf({0, 51, {}}, care), "had 51 threads, and may have 50");
}

TEST(WorkerCare, WithoutLimitsNothingIsTooMuch) {
  EXPECT_THAT(excessOf({~std::uint64_t{0}, ~std::uint64_t{0}, {}}, {}), IsEmpty());
  EXPECT_THAT(hangOf({}, {}, 12'800.0, {}), IsEmpty());
}

TEST(WorkerCare, AHangSaysWhatItIs) {
  WorkerCare care;
  care.processor_percent_max = 150;
  EXPECT_THAT(hangOf(milliseconds{10'000}, milliseconds{5'000}, 150.0, care), IsEmpty());
  EXPECT_THAT(hangOf(milliseconds{10'001}, {}, {}, care), HasSubstr("10001 ms past its deadline"));
  EXPECT_THAT(hangOf({}, milliseconds{5'001}, {}, care), HasSubstr("heart was silent"));
  EXPECT_EQ(hangOf({}, {}, 198.2, care),
            "hung: took 198 % of a processor over 10 s, and may take 150");
}

TEST(ProcessorShare, IsKnownWhenAWholeWindowWasWatched) {
  ProcessorShare share;
  for (int second = 0; second < 10; ++second)
    EXPECT_EQ(share.add(kBegin + seconds{second}, seconds{2 * second}, seconds{10}), std::nullopt);
  EXPECT_DOUBLE_EQ(share.add(kBegin + seconds{10}, seconds{20}, seconds{10}).value_or(0), 200);
}

TEST(ProcessorShare, ForgetsWhatWasBeforeTheWindow) {
  ProcessorShare share;
  share.add(kBegin, seconds{0}, seconds{10});
  share.add(kBegin + seconds{10}, seconds{10}, seconds{10});  // it took all
  std::optional<double> last;
  for (int second = 11; second <= 20; ++second)
    last = share.add(kBegin + seconds{second}, seconds{10}, seconds{10});  // and now nothing
  EXPECT_DOUBLE_EQ(last.value_or(-1), 0);
}

TEST(ProcessorShare, AShortPeakIsNoSustainedShare) {
  ProcessorShare share;
  milliseconds used{0};
  double highest = 0;
  for (int step = 0; step < 300; ++step) {
    if (step >= 100 && step < 110) used += milliseconds{100};  // one second of all
    const auto now = share.add(kBegin + milliseconds{100 * step}, used, seconds{10});
    highest = std::max(highest, now.value_or(0));
  }
  EXPECT_NEAR(highest, 10, 0.5);
}

TEST(ProcessorShare, AnotherProcessBeginsAnew) {
  ProcessorShare share;
  share.add(kBegin, seconds{50}, seconds{1});
  share.forget();
  EXPECT_EQ(share.add(kBegin + seconds{1}, seconds{0}, seconds{1}), std::nullopt);
}

TEST(RecyclePace, TheFirstTimeIsAtOnce) {
  RecyclePace pace;
  EXPECT_EQ(pace.look(kBegin, false), Verdict::Within);
  EXPECT_EQ(pace.look(kBegin, true), Verdict::Recycle);
}

TEST(RecyclePace, WhereItDoesNotHelpThePausesGrow) {
  RecyclePace pace;
  std::vector<std::int64_t> at;  // minutes
  for (int minute = 0; minute < 600; ++minute) {
    if (pace.look(kBegin + minutes{minute}, true) != Verdict::Recycle) continue;
    pace.recycled(kBegin + minutes{minute});
    at.push_back(minute);
  }
  EXPECT_THAT(at,
              testing::ElementsAre(0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423, 483, 543));
}

TEST(RecyclePace, ASlowLeakIsReplacedWheneverItIsDue) {
  RecyclePace pace;
  for (int hour = 0; hour < 10; ++hour) {
    const Time now = kBegin + std::chrono::hours{hour};
    EXPECT_EQ(pace.look(now, true), Verdict::Recycle) << hour;
    pace.recycled(now);
    EXPECT_EQ(pace.wait(now), minutes{1}) << "the pauses do not grow";
  }
}

TEST(RecyclePace, SaysHowLongToWait) {
  RecyclePace pace;
  EXPECT_EQ(pace.wait(kBegin), milliseconds{0});
  pace.recycled(kBegin);
  EXPECT_EQ(pace.look(kBegin + seconds{20}, true), Verdict::Wait);
  EXPECT_EQ(pace.wait(kBegin + seconds{20}), seconds{40});
}

}  // namespace
}  // namespace bulkhead::host
