#include "security/rate_limiter.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include <bulkhead/json_writer.hpp>

namespace bulkhead::host {
namespace {

constexpr std::size_t kNetworkBytes = 8;
constexpr std::int64_t kSecond = 1'000'000;

struct Policy {
  std::string_view name;
  int window_s;
};

constexpr std::array<Policy, RateQuota::kWindows> kPolicies{
    {{"minute", 60}, {"hour", 3600}, {"plugin-minute", 60}, {"plugin-hour", 3600}}};

constexpr std::int64_t secondsOf(std::int64_t us) {
  return (us + kSecond - 1) / kSecond;
}

/// Who owns one IPv6 address owns its /64. Bytes may look like any name: the mark tells them from
/// keys, and what is counted there apart.
std::string addressClient(char mark, const ClientAddress& address) {
  const std::string_view bytes = address.bytes();
  std::string client(1, mark);
  return bytes.empty() ? client + address.text() : client.append(bytes.substr(0, kNetworkBytes));
}

/// What holds for a key that has limits of its own.
RateLimit limitOf(const RateLimit& own, const RateLimit& general) {
  return {own.per_minute > 0 ? own.per_minute : general.per_minute,
          own.per_hour > 0 ? own.per_hour : general.per_hour};
}

std::int64_t retrySeconds(const RateQuota& quota) {
  std::int64_t retry_us = 1;
  for (const QuotaWindow& window : quota.windows) retry_us = std::max(retry_us, window.retry_us);
  return secondsOf(retry_us);
}

Error exceeded(const RateQuota& quota) {
  const std::int64_t retry_s = retrySeconds(quota);
  std::string details = toJson([&](JsonWriter& out) {
    out.beginObject();
    out.key("policies");
    out.beginArray();
    for (std::size_t i = 0; i < kPolicies.size(); ++i) {
      if (quota.windows[i].retry_us > 0) out.value(kPolicies[i].name);
    }
    out.endArray();
    out.endObject();
  });
  return Error::rateLimit("RATE_LIMIT_EXCEEDED",
                          fmt::format("Too many requests; the next one is taken in {} s.", retry_s))
      .withDetails(std::move(details))
      .withRetryAfter(static_cast<int>(retry_s));
}

/// Of two windows of one length the one that has less left.
const QuotaWindow& tighter(const QuotaWindow& left, const QuotaWindow& right) {
  if (left.limit == 0 || right.limit == 0) return left.limit == 0 ? right : left;
  return right.remaining < left.remaining ? right : left;
}

void addWindow(std::string_view window, const QuotaWindow& quota, std::int64_t wall_us,
               HttpResponse& response) {
  if (quota.limit == 0) return;
  const auto add = [&](std::string_view what, std::int64_t value) {
    std::string name{"X-RateLimit-"};
    name.append(what).append("-").append(window);
    response.headers.emplace_back(std::move(name), std::to_string(value));
  };
  add("Limit", quota.limit);
  add("Remaining", quota.remaining);
  add("Reset", secondsOf(wall_us + quota.reset_us));
}

}  // namespace

std::string_view nameOf(RatePolicy policy) {
  switch (policy) {
    case RatePolicy::Key:
      return "key";
    case RatePolicy::Address:
      return "address";
    case RatePolicy::Refused:
      break;
  }
  return "refused";
}

std::string_view nameOf(RateBackend backend) {
  return backend == RateBackend::Redis ? "redis" : "local";
}

RateLimiter::RateLimiter(RateLimits limits, RateLimiterOptions options)
    : options_{std::move(options)},
      limits_{std::make_shared<const RateLimits>(limits)},
      keys_{options_.clients},
      addresses_{options_.clients} {}

RateCase RateLimiter::caseOf(const HttpRequest& request, std::string_view plugin,
                             const RateLimit& limit) const {
  const auto limits = limits_.load();
  const Principal& principal = request.principal;
  const bool by_key = principal.authenticated;
  RateCase asked{by_key ? RatePolicy::Key : RatePolicy::Address};
  const RateLimit own =
      by_key ? limitOf(options_.limit_of(principal.key_id), limits->key) : limits->address;
  if (own.isOff() && limit.isOff()) return asked;
  asked.count = limit.isOff() ? 1 : 2;
  RateDemand& client = asked.demands[0];
  client = {by_key ? principal.key_id : addressClient('#', request.peer.address), minuteWindow(own),
            hourWindow(own)};
  if (asked.count == 2) {
    asked.demands[1] = {fmt::format("{}@{}", plugin, client.client), minuteWindow(limit),
                        hourWindow(limit)};
  }
  return asked;
}

void RateLimiter::decide(const HttpRequest& request, const RateCase& asked, RateQuota& quota) {
  if (asked.count == 0) return;
  RateTable& table = tableOf(asked.policy);
  const std::int64_t replicas = options_.replicas == nullptr ? 1 : options_.replicas->load();
  if (replicas == 1) {
    table.take(asked.asked(), options_.now_us(), quota);
  } else {
    RateCase share = asked;
    for (RateDemand& demand : share.demands) {
      demand.minute = demand.minute.sharedBy(replicas);
      demand.hour = demand.hour.sharedBy(replicas);
    }
    table.take(share.asked(), options_.now_us(), quota);
  }
  conclude(request, asked.policy, quota, RateBackend::Local);
}

bool RateLimiter::share(const RateCase& asked, SharedVerdict done) {
  return options_.shared->take(asked.asked(), std::move(done));
}

void RateLimiter::settle(const HttpRequest& request, const RateCase& asked,
                         const RateQuota& verdict, RateQuota& quota) {
  tableOf(asked.policy).learn(asked.asked(), options_.now_us(), verdict);
  quota = verdict;
  conclude(request, asked.policy, quota, RateBackend::Redis);
}

void RateLimiter::refused(const HttpRequest& request, RateQuota& quota) {
  const RateLimit limit = limits_.load()->refused;
  if (limit.isOff()) return;
  const RateDemand demand{addressClient('!', request.peer.address), minuteWindow(limit),
                          hourWindow(limit)};
  addresses_.take({&demand, 1}, options_.now_us(), quota);
  conclude(request, RatePolicy::Refused, quota, RateBackend::Local);
  quota = {};  // whoever is guessing hears of it when it is too often
}

void RateLimiter::replace(const RateLimits& limits) {
  limits_.store(std::make_shared<const RateLimits>(limits));
}

RateTable& RateLimiter::tableOf(RatePolicy policy) {
  return policy == RatePolicy::Key ? keys_ : addresses_;
}

void RateLimiter::conclude(const HttpRequest& request, RatePolicy policy, const RateQuota& quota,
                           RateBackend backend) const {
  if (options_.on_decision) options_.on_decision(policy, quota.allowed, backend);
  if (quota.allowed) return;
  if (options_.on_refusal) options_.on_refusal(request, policy);
  throw exceeded(quota);
}

void addQuotaHeaders(const RateQuota& quota, std::int64_t wall_us, HttpResponse& response) {
  const auto& windows = quota.windows;
  addWindow("Minute", tighter(windows[RateQuota::kMinute], windows[RateQuota::kPluginMinute]),
            wall_us, response);
  addWindow("Hour", tighter(windows[RateQuota::kHour], windows[RateQuota::kPluginHour]), wall_us,
            response);
  std::string policies;
  std::string left;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (windows[i].limit == 0) continue;
    const std::string_view comma = policies.empty() ? "" : ", ";
    fmt::format_to(std::back_inserter(policies), R"({}"{}";q={};w={})", comma, kPolicies[i].name,
                   windows[i].limit, kPolicies[i].window_s);
    fmt::format_to(std::back_inserter(left), R"({}"{}";r={};t={})", comma, kPolicies[i].name,
                   windows[i].remaining, secondsOf(windows[i].reset_us));
  }
  response.headers.emplace_back("RateLimit-Policy", std::move(policies));
  response.headers.emplace_back("RateLimit", std::move(left));
}

}  // namespace bulkhead::host
