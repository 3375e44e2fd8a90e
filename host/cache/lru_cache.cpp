#include "cache/lru_cache.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::host::cache {
namespace {

/// What an entry costs beside its texts: list node, index node, the value's control block.
constexpr std::size_t kEntryOverheadBytes = 192;

}  // namespace

double CacheStatistics::hitRatePercent() const {
  const auto lookups = hits + misses;
  return lookups == 0 ? 0.0 : 100.0 * static_cast<double>(hits) / static_cast<double>(lookups);
}

LruCache::LruCache(CacheOptions options) : options_{std::move(options)} {
  const std::size_t count = std::max<std::size_t>(1, options_.shards);
  for (std::size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>());
}

LruCache::Value LruCache::find(std::string_view key) {
  Shard& shard = shardOf(key);
  const TimePoint now = options_.now();
  const std::lock_guard lock{shard.mutex};
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) {
    ++shard.misses;
    return nullptr;
  }
  const auto entry = found->second;
  if (entry->expires <= now) {
    ++shard.misses;
    ++shard.expired;
    erase(shard, entry);
    return nullptr;
  }
  ++shard.hits;
  entry->used = now;
  shard.entries.splice(shard.entries.begin(), shard.entries, entry);
  publishOldest(shard);
  return entry->value;
}

void LruCache::put(std::string_view key, Value value) {
  put(key, std::move(value), options_.time_to_live);
}

void LruCache::put(std::string_view key, Value value, std::chrono::milliseconds time_to_live) {
  const std::size_t bytes = key.size() + value->size() + kEntryOverheadBytes;
  if (bytes > options_.bytes_max || options_.entries_max == 0) {
    remove(key);
    return;
  }
  const TimePoint now = options_.now();
  {
    Shard& shard = shardOf(key);
    const std::lock_guard lock{shard.mutex};
    if (const auto found = shard.index.find(key); found != shard.index.end())
      erase(shard, found->second);
    insert(shard, {std::string{key}, std::move(value), now + time_to_live, now, bytes});
  }
  while (isOver() && evictOne()) continue;
}

bool LruCache::remove(std::string_view key) {
  Shard& shard = shardOf(key);
  const std::lock_guard lock{shard.mutex};
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) return false;
  erase(shard, found->second);
  return true;
}

std::size_t LruCache::clear() {
  std::size_t removed = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock{shard->mutex};
    removed += shard->entries.size();
    while (!shard->entries.empty()) erase(*shard, shard->entries.begin());
  }
  return removed;
}

std::size_t LruCache::removeExpired() {
  std::size_t removed = 0;
  for (const auto& shard : shards_) {
    const TimePoint now = options_.now();
    const std::lock_guard lock{shard->mutex};
    for (auto entry = shard->entries.begin(); entry != shard->entries.end();) {
      const auto candidate = entry++;
      if (candidate->expires > now) continue;
      erase(*shard, candidate);
      ++shard->expired;
      ++removed;
    }
  }
  return removed;
}

CacheStatistics LruCache::statistics() const {
  CacheStatistics sum;
  for (const auto& shard : shards_) {
    const std::lock_guard lock{shard->mutex};
    sum.hits += shard->hits;
    sum.misses += shard->misses;
    sum.insertions += shard->insertions;
    sum.evicted_by_size += shard->evicted;
    sum.expired += shard->expired;
    sum.entries += shard->entries.size();
  }
  sum.entries_max = options_.entries_max;
  sum.bytes = bytes_.load(std::memory_order_relaxed);
  sum.bytes_max = options_.bytes_max;
  return sum;
}

LruCache::Shard& LruCache::shardOf(std::string_view key) {
  return *shards_[std::hash<std::string_view>{}(key) % shards_.size()];
}

void LruCache::insert(Shard& shard, Entry entry) {
  bytes_.fetch_add(entry.bytes, std::memory_order_relaxed);
  entries_.fetch_add(1, std::memory_order_relaxed);
  shard.entries.push_front(std::move(entry));
  shard.index.emplace(shard.entries.front().key, shard.entries.begin());
  ++shard.insertions;
  publishOldest(shard);
}

void LruCache::erase(Shard& shard, Entries::iterator entry) {
  bytes_.fetch_sub(entry->bytes, std::memory_order_relaxed);
  entries_.fetch_sub(1, std::memory_order_relaxed);
  shard.index.erase(entry->key);
  shard.entries.erase(entry);
  publishOldest(shard);
}

void LruCache::publishOldest(Shard& shard) {
  const auto oldest =
      shard.entries.empty() ? kEmpty : shard.entries.back().used.time_since_epoch().count();
  shard.oldest_use.store(oldest, std::memory_order_relaxed);
}

bool LruCache::isOver() const {
  return entries_.load(std::memory_order_relaxed) > options_.entries_max ||
         bytes_.load(std::memory_order_relaxed) > options_.bytes_max;
}

bool LruCache::evictOne() {
  const auto oldest =
      std::min_element(shards_.begin(), shards_.end(), [](const auto& left, const auto& right) {
        return left->oldest_use.load(std::memory_order_relaxed) <
               right->oldest_use.load(std::memory_order_relaxed);
      });
  Shard& shard = **oldest;
  const std::lock_guard lock{shard.mutex};
  // Another thread may have emptied this shard since; then there is a next attempt if still over.
  if (shard.entries.empty()) return entries_.load(std::memory_order_relaxed) > 0;
  erase(shard, std::prev(shard.entries.end()));
  ++shard.evicted;
  return true;
}

}  // namespace bulkhead::host::cache
