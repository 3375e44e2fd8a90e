#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bulkhead::host::cache {

/// Measured since start; `entries` and `bytes` are of now.
struct CacheStatistics {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;  ///< absent or expired at the look-up
  std::uint64_t insertions = 0;
  std::uint64_t evicted_by_size = 0;  ///< least recently used ones that made room
  std::uint64_t expired = 0;
  std::uint64_t entries = 0;
  std::uint64_t entries_max = 0;
  std::uint64_t bytes = 0;  ///< keys, values and the fixed cost of an entry
  std::uint64_t bytes_max = 0;

  /// 0..100; 0 when nothing was looked up yet.
  double hitRatePercent() const;
};

struct CacheOptions {
  std::size_t entries_max = 1000;
  std::size_t bytes_max = 64U << 20U;
  std::chrono::milliseconds time_to_live = std::chrono::minutes{5};  ///< when put() names none
  std::size_t shards = 8;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

/// A bounded cache of texts (S70..S73): each entry lives for its time, and the least recently used
/// one of the whole cache makes room for a new one, whatever shard it is in. Thread-safe; a look-up
/// locks one shard. Keys of tenants' data must contain the tenant: the cache knows no owner.
class LruCache {
 public:
  using Value = std::shared_ptr<const std::string>;  ///< shared: outlives its eviction in a reader

  explicit LruCache(CacheOptions options);
  LruCache(const LruCache&) = delete;
  LruCache& operator=(const LruCache&) = delete;

  /// nullptr when absent or expired.
  Value find(std::string_view key);
  /// Replaces. A value that could never fit `bytes_max` is not kept (and removes what `key` had).
  void put(std::string_view key, Value value);
  void put(std::string_view key, Value value, std::chrono::milliseconds time_to_live);
  bool remove(std::string_view key);
  /// Removes all; returns how many there were.
  std::size_t clear();
  /// Removes what has expired without being asked for (S71); returns how many. Run by CacheSweeper.
  std::size_t removeExpired();

  CacheStatistics statistics() const;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Entry {
    std::string key;
    Value value;
    TimePoint expires;
    TimePoint used;
    std::size_t bytes;
  };
  using Entries = std::list<Entry>;
  struct Shard {
    mutable std::mutex mutex;
    Entries entries;  ///< most recently used first
    std::unordered_map<std::string_view, Entries::iterator> index;
    std::atomic<TimePoint::rep> oldest_use{kEmpty};  ///< `used` of the last entry
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t insertions = 0;
    std::uint64_t evicted = 0;
    std::uint64_t expired = 0;
  };
  static constexpr TimePoint::rep kEmpty = TimePoint::max().time_since_epoch().count();

  Shard& shardOf(std::string_view key);
  void insert(Shard& shard, Entry entry);
  void erase(Shard& shard, Entries::iterator entry);
  static void publishOldest(Shard& shard);
  bool isOver() const;
  /// False when there was nothing to evict.
  bool evictOne();

  const CacheOptions options_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::atomic<std::size_t> entries_{0};
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace bulkhead::host::cache
