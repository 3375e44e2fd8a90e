#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "cache/lru_cache.hpp"

namespace bulkhead::host::cache {

/// Removes expired entries of the given caches in the background, for as long as it lives (S71).
/// The caches outlive it.
class CacheSweeper {
 public:
  CacheSweeper(std::vector<LruCache*> caches, std::chrono::milliseconds interval);
  CacheSweeper(const CacheSweeper&) = delete;
  CacheSweeper& operator=(const CacheSweeper&) = delete;
  ~CacheSweeper();

 private:
  void run(std::chrono::milliseconds interval);

  std::vector<LruCache*> caches_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bulkhead::host::cache
