#include "security/rate_limiter.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/json_writer.hpp>

namespace bulkhead::host {
namespace {

constexpr std::size_t kNetworkBytes = 8;
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::size_t kDigitsMax = 20;

struct Policy {
  std::string_view name;
  int window_s;
};

constexpr std::array<Policy, RateQuota::kWindows> kPolicies{
    {{"minute", 60}, {"hour", 3600}, {"plugin-minute", 60}, {"plugin-hour", 3600}}};

/// Of one window in a list: what stands before its two numbers, and these.
struct Parameters {
  std::string_view first;
  std::int64_t first_value;
  std::string_view second;
  std::int64_t second_value;
};

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

void append(std::string& out, std::int64_t number) {
  std::array<char, kDigitsMax> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void appendWindow(std::string_view window, const QuotaWindow& quota, std::int64_t wall_us,
                  std::string& lines) {
  if (quota.limit == 0) return;
  const auto line = [&](std::string_view what, std::int64_t value) {
    lines.append(what).append(window);
    append(lines, value);
    lines += "\r\n";
  };
  line("X-RateLimit-Limit-", quota.limit);
  line("X-RateLimit-Remaining-", quota.remaining);
  line("X-RateLimit-Reset-", secondsOf(wall_us + quota.reset_us));
}

/// A list of one item for each window: its name and two parameters.
template <class Item>
void appendList(std::string_view name, const RateQuota& quota, std::string& lines, Item item) {
  lines += name;
  std::string_view before = ": \"";
  for (std::size_t i = 0; i < quota.windows.size(); ++i) {
    if (quota.windows[i].limit == 0) continue;
    lines.append(before).append(kPolicies[i].name);
    before = ", \"";
    const auto [first, first_value, second, second_value] = item(quota.windows[i], kPolicies[i]);
    lines += first;
    append(lines, first_value);
    lines += second;
    append(lines, second_value);
  }
  lines += "\r\n";
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

void appendQuotaLines(const RateQuota& quota, std::int64_t wall_us, std::string& lines) {
  const auto& windows = quota.windows;
  appendWindow("Minute: ", tighter(windows[RateQuota::kMinute], windows[RateQuota::kPluginMinute]),
               wall_us, lines);
  appendWindow("Hour: ", tighter(windows[RateQuota::kHour], windows[RateQuota::kPluginHour]),
               wall_us, lines);
  appendList("RateLimit-Policy", quota, lines, [](const QuotaWindow& window, const Policy& policy) {
    return Parameters{"\";q=", window.limit, ";w=", policy.window_s};
  });
  appendList("RateLimit", quota, lines, [](const QuotaWindow& window, const Policy&) {
    return Parameters{"\";r=", window.remaining, ";t=", secondsOf(window.reset_us)};
  });
}

}  // namespace bulkhead::host
