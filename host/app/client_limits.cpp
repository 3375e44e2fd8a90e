#include "app/client_limits.hpp"

#include "monitoring/catalogue.hpp"
#include "runtime/services.hpp"

namespace bulkhead::host {
namespace {

RateLimits limitsOf(const HostSettings::RateLimits& settings) {
  return {{settings.per_minute, settings.per_hour},
          {settings.address_per_minute, settings.address_per_hour},
          {settings.refused_per_minute, 0}};
}

RateLimit limitOfKey(const KeyDirectory& directory, const std::string& id) {
  const KeyDirectory::Entry* entry = directory.findKey(id);
  if (entry == nullptr) return {};
  return {entry->key.requests_per_minute.value_or(0), entry->key.requests_per_hour.value_or(0)};
}

std::optional<SharedRates> sharedOf(RedisService& redis) {
  if (redis.link() == nullptr) return std::nullopt;
  return std::make_optional<SharedRates>(*redis.link(), redis.prefix(), redis.timeout());
}

}  // namespace

ClientLimits::ClientLimits(const HostSettings& settings, const KeyStore& keys, RedisService& redis,
                           monitoring::Metrics& metrics, SecurityLog& events)
    : decisions_{metrics.counter(monitoring::specOf("rate_limit_decisions_total"))},
      shared_{sharedOf(redis)},
      limiter_{
          limitsOf(settings.rate_limits),
          {.clients = static_cast<std::size_t>(settings.rate_limits.clients),
           .now_us = [] { return SystemClock{}.monotonicUs(); },
           .limit_of = [&keys](const std::string& id) { return limitOfKey(*keys.directory(), id); },
           .on_decision =
               [this](RatePolicy policy, bool allowed, RateBackend backend) {
                 decisions_
                     .counter({nameOf(policy), allowed ? "allowed" : "limited", nameOf(backend)})
                     .add();
               },
           .on_refusal =
               [&events](const HttpRequest& request, RatePolicy policy) {
                 events.record(eventOf(request, {.kind = SecurityEventKind::RateLimited,
                                                 .reason = nameOf(policy),
                                                 .key_id = request.principal.key_id,
                                                 .tenant = request.principal.tenant}));
               },
           .shared = shared_ ? &*shared_ : nullptr,
           .replicas = &redis.replicas()}} {}

void ClientLimits::replace(const HostSettings& settings) {
  limiter_.replace(limitsOf(settings.rate_limits));
}

}  // namespace bulkhead::host
