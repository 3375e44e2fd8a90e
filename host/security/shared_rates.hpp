#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cache/redis_link.hpp"
#include "security/rate_table.hpp"

namespace bulkhead::host {

/// What the script of the limits was asked, and its answer as a quota; null when there was none.
using SharedVerdict = std::function<void(const RateQuota* quota)>;

/// The limits of clients for all replicas of the host: the arithmetic of RateTable in one script on
/// a Redis server, atomic and by its clock. All keys of a client are in one slot. Thread-safe;
/// waits for nobody.
class SharedRates {
 public:
  /// The link outlives it and all that is on its way. `prefix` begins every key; a verdict that
  /// takes longer than `deadline` is none.
  SharedRates(cache::RedisLink& link, std::string prefix, std::chrono::milliseconds deadline);

  bool isUp() const noexcept { return link_.isUp(); }
  /// As RateTable::take(), with the verdict on the link's thread; false, and no verdict, when Redis
  /// cannot be asked. With `now_us` by that clock instead of the server's.
  bool take(std::span<const RateDemand> demands, SharedVerdict done, std::int64_t now_us = 0);

 private:
  struct Question;

  static void answer(const std::shared_ptr<Question>& question, const cache::RedisReply* reply);

  cache::RedisLink& link_;
  const std::string prefix_;
  const std::chrono::milliseconds deadline_;
};

/// The heartbeat of a replica, whose answer is how many there are.
std::string replicaHeartbeat(std::string_view prefix, std::string_view replica);

}  // namespace bulkhead::host
