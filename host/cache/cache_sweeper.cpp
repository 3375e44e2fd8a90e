#include "cache/cache_sweeper.hpp"

#include <utility>

namespace bulkhead::host::cache {

CacheSweeper::CacheSweeper(std::vector<LruCache*> caches, std::chrono::milliseconds interval)
    : caches_{std::move(caches)}, thread_{[this, interval] { run(interval); }} {}

CacheSweeper::~CacheSweeper() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void CacheSweeper::run(std::chrono::milliseconds interval) {
  std::unique_lock lock{mutex_};
  while (!wake_.wait_for(lock, interval, [this] { return stopping_; })) {
    lock.unlock();
    for (LruCache* cache : caches_) cache->removeExpired();
    lock.lock();
  }
}

}  // namespace bulkhead::host::cache
