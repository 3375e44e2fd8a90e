#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cache/redis_link.hpp"
#include "config/host_settings.hpp"
#include "health/health_sources.hpp"

namespace bulkhead::host {

/// The Redis server of the settings, where they name one; what replicas of the host share. Nothing
/// depends on it: whoever uses it goes on alone while it is away.
class RedisService {
 public:
  explicit RedisService(const HostSettings::Redis& settings);

  /// Null when no setting names a server.
  cache::RedisLink* link() noexcept { return link_ ? &*link_ : nullptr; }
  const std::string& prefix() const noexcept { return prefix_; }
  /// How many hosts are there, as last heard; 1 before.
  const std::atomic<std::int64_t>& replicas() const noexcept { return replicas_; }
  std::chrono::milliseconds timeout() const noexcept { return timeout_; }
  /// Whether it can be asked at this moment.
  bool isUp() const noexcept { return link_ && link_->isUp(); }
  health::RedisFigures figures() const;

 private:
  const std::string prefix_;
  const std::chrono::milliseconds timeout_;
  std::atomic<std::int64_t> replicas_{1};
  std::optional<cache::RedisLink> link_;
};

}  // namespace bulkhead::host
