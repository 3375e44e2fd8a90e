#include "app/redis_service.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>

#include "logging/log.hpp"
#include "security/shared_rates.hpp"

namespace bulkhead::host {
namespace {

/// A moment of slowness is no news.
constexpr std::chrono::seconds kGrace{3};

cache::RedisAddress addressOf(const HostSettings::Redis& settings) {
  return {settings.host,
          settings.port,
          settings.unix_socket.string(),
          settings.user,
          std::string{settings.password.reveal()},
          static_cast<int>(settings.database),
          settings.tls,
          settings.ca_file.string()};
}

std::string newReplica() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

void tell(bool up, const std::string& reason) {
  if (up) {
    log(Level::Info, "redis", "Redis is there", {});
  } else {
    log(Level::Warn, "redis", "Redis is away; running degraded, with limits of this host alone",
        {{"reason", reason}});
  }
}

}  // namespace

RedisService::RedisService(const HostSettings::Redis& settings)
    : prefix_{settings.prefix}, timeout_{settings.timeout_ms} {
  if (!settings.wanted) return;
  cache::RedisLinkOptions options;
  options.address = addressOf(settings);
  options.heartbeat_deadline = timeout_;
  options.patience = std::max(options.patience, 2 * timeout_);
  options.heartbeat = replicaHeartbeat(prefix_, newReplica());
  options.on_heartbeat = [this](const cache::RedisReply& reply) {
    replicas_ = std::max<std::int64_t>(1, reply.integer);
  };
  options.on_change = tell;
  link_.emplace(std::move(options));
}

health::RedisFigures RedisService::figures() const {
  if (!link_) return {};
  const bool connected = link_->wasUpWithin(kGrace);
  return {true, connected, connected ? std::string{} : link_->reason()};
}

}  // namespace bulkhead::host
