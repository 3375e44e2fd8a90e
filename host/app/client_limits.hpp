#pragma once

#include <optional>

#include "app/redis_service.hpp"
#include "config/host_settings.hpp"
#include "monitoring/metrics.hpp"
#include "security/key_store.hpp"
#include "security/rate_limiter.hpp"
#include "security/security_log.hpp"

namespace bulkhead::host {

/// The limits of clients as the settings say them, with what is counted and told of them.
class ClientLimits {
 public:
  /// All outlive it.
  ClientLimits(const HostSettings& settings, const KeyStore& keys, RedisService& redis,
               monitoring::Metrics& metrics, SecurityLog& events);

  RateLimiter& limiter() noexcept { return limiter_; }
  void replace(const HostSettings& settings);

 private:
  monitoring::MetricFamily& decisions_;
  std::optional<SharedRates> shared_;
  RateLimiter limiter_;
};

}  // namespace bulkhead::host
