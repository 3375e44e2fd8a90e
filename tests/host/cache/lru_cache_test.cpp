#include "cache/lru_cache.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace bulkhead::host::cache {
namespace {

using std::chrono::milliseconds;

struct ManualClock {
  std::chrono::steady_clock::time_point now{};
  void advance(milliseconds by) { now += by; }
};

CacheOptions optionsOf(ManualClock& clock, std::size_t entries_max) {
  CacheOptions options;
  options.entries_max = entries_max;
  options.time_to_live = milliseconds{1000};
  options.now = [&clock] { return clock.now; };
  return options;
}

LruCache::Value text(std::string content) {
  return std::make_shared<const std::string>(std::move(content));
}

TEST(LruCache, S70_EntryLivesForItsTimeAndNoLonger) {
  ManualClock clock;
  LruCache cache{optionsOf(clock, 10)};
  cache.put("default", text("a"));
  cache.put("long", text("b"), milliseconds{5000});

  clock.advance(milliseconds{999});
  ASSERT_NE(cache.find("default"), nullptr);
  EXPECT_EQ(*cache.find("default"), "a");

  clock.advance(milliseconds{1});
  EXPECT_EQ(cache.find("default"), nullptr);
  EXPECT_NE(cache.find("long"), nullptr);
}

TEST(LruCache, S71_ExpiredEntriesGoWithoutBeingAskedFor) {
  ManualClock clock;
  LruCache cache{optionsOf(clock, 10)};
  cache.put("a", text("1"));
  cache.put("b", text("2"), milliseconds{5000});
  clock.advance(milliseconds{1000});

  EXPECT_EQ(cache.statistics().entries, 2U) << "control: nothing goes by itself";
  EXPECT_EQ(cache.removeExpired(), 1U);
  EXPECT_EQ(cache.statistics().entries, 1U);
  EXPECT_EQ(cache.statistics().expired, 1U);
}

// Goal: eviction is in order of use over the whole cache, not per shard. Method: many keys spread
// over 8 shards; each new one must push out exactly the one that was used longest ago.
TEST(LruCache, S72_EvictsTheLeastRecentlyUsedOfAllShards) {
  ManualClock clock;
  constexpr int kMax = 50;
  LruCache cache{optionsOf(clock, kMax)};
  const auto put = [&](int i) {
    clock.advance(milliseconds{1});
    cache.put("key" + std::to_string(i), text("v"));
  };
  const auto has = [&](int i) { return cache.find("key" + std::to_string(i)) != nullptr; };
  for (int i = 0; i < kMax; ++i) put(i);

  clock.advance(milliseconds{1});
  ASSERT_TRUE(has(0)) << "key0 becomes the most recently used";
  put(kMax);

  EXPECT_EQ(cache.statistics().entries, static_cast<std::uint64_t>(kMax));
  EXPECT_EQ(cache.statistics().evicted_by_size, 1U);
  EXPECT_FALSE(has(1)) << "the oldest in use goes";
  EXPECT_TRUE(has(0)) << "control: the oldest by insertion stays, because it was used";
  for (int i = 2; i <= kMax; ++i) EXPECT_TRUE(has(i)) << i;
}

TEST(LruCache, S72_BytesAreALimitToo) {
  ManualClock clock;
  CacheOptions options = optionsOf(clock, 1000);
  options.bytes_max = 4000;
  LruCache cache{options};
  for (int i = 0; i < 10; ++i) {
    clock.advance(milliseconds{1});
    cache.put("key" + std::to_string(i), text(std::string(1000, 'x')));
  }
  EXPECT_LE(cache.statistics().bytes, 4000U);
  EXPECT_NE(cache.find("key9"), nullptr);
  EXPECT_EQ(cache.find("key0"), nullptr);
}

TEST(LruCache, AValueThatNeverFitsIsNotKeptAndEvictsNobody) {
  ManualClock clock;
  CacheOptions options = optionsOf(clock, 10);
  options.bytes_max = 1000;
  LruCache cache{options};
  cache.put("small", text("s"));
  cache.put("big", text("first"));
  cache.put("big", text(std::string(2000, 'x')));
  EXPECT_EQ(cache.find("big"), nullptr) << "the old value would be a lie";
  EXPECT_NE(cache.find("small"), nullptr);
}

TEST(LruCache, S73_StatisticsCountWhatHappened) {
  ManualClock clock;
  LruCache cache{optionsOf(clock, 10)};
  EXPECT_EQ(cache.statistics().hitRatePercent(), 0.0);
  cache.put("a", text("1"));
  cache.find("a");
  cache.find("a");
  cache.find("a");
  cache.find("b");
  const CacheStatistics statistics = cache.statistics();
  EXPECT_EQ(statistics.hits, 3U);
  EXPECT_EQ(statistics.misses, 1U);
  EXPECT_EQ(statistics.hitRatePercent(), 75.0);
  EXPECT_EQ(statistics.entries_max, 10U);
  EXPECT_GT(statistics.bytes, 0U);
}

TEST(LruCache, S28_ClearLeavesNothing) {
  ManualClock clock;
  LruCache cache{optionsOf(clock, 100)};
  for (int i = 0; i < 20; ++i) cache.put(std::to_string(i), text("v"));
  EXPECT_EQ(cache.clear(), 20U);
  EXPECT_EQ(cache.statistics().entries, 0U);
  EXPECT_EQ(cache.statistics().bytes, 0U);
}

TEST(LruCache, AReaderKeepsTheValueItGot) {
  ManualClock clock;
  LruCache cache{optionsOf(clock, 1)};
  cache.put("a", text("mine"));
  const LruCache::Value held = cache.find("a");
  clock.advance(milliseconds{1});
  cache.put("b", text("other"));
  EXPECT_EQ(cache.find("a"), nullptr);
  EXPECT_EQ(*held, "mine");
}

TEST(LruCache, StaysWithinItsBoundUnderManyThreads) {
  CacheOptions options;
  options.entries_max = 64;
  LruCache cache{options};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 5000; ++i) {
        const std::string key = std::to_string((i * 7 + t) % 200);
        if (i % 3 == 0) cache.put(key, text(key));
        const LruCache::Value value = cache.find(key);
        EXPECT_TRUE(!value || *value == key);
        if (i % 500 == 0) cache.removeExpired();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(cache.statistics().entries, 64U);
  EXPECT_GT(cache.statistics().evicted_by_size, 0U);
}

}  // namespace
}  // namespace bulkhead::host::cache
