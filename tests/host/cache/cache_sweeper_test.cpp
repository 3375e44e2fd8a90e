#include "cache/cache_sweeper.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <thread>

namespace bulkhead::host::cache {
namespace {

using namespace std::chrono_literals;

TEST(CacheSweeper, S71_CleansUpInTheBackground) {
  LruCache cache{CacheOptions{}};
  cache.put("a", std::make_shared<const std::string>("1"), 1ms);
  const CacheSweeper sweeper{{&cache}, 5ms};
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  while (cache.statistics().entries > 0 && std::chrono::steady_clock::now() < give_up)
    std::this_thread::yield();
  EXPECT_EQ(cache.statistics().entries, 0U);
  EXPECT_EQ(cache.statistics().misses, 0U) << "nobody looked it up";
}

TEST(CacheSweeper, EndsAtOnceWhateverItsInterval) {
  LruCache cache{CacheOptions{}};
  const auto begin = std::chrono::steady_clock::now();
  { const CacheSweeper sweeper{{&cache}, 1h}; }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

}  // namespace
}  // namespace bulkhead::host::cache
