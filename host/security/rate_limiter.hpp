#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "runtime/message.hpp"
#include "runtime/published.hpp"
#include "security/rate_table.hpp"
#include "security/shared_rates.hpp"

namespace bulkhead::host {

/// The limits of clients that have none of their own.
struct RateLimits {
  RateLimit key;      ///< of each API key
  RateLimit address;  ///< of each address that sends no credential, IPv6 by /64
  RateLimit refused;  ///< requests that are not let in, of each address
};

/// Whose limits were asked; a label of the metric.
enum class RatePolicy { Key, Address, Refused };
std::string_view nameOf(RatePolicy policy);
/// Who decided; a label of the metric.
enum class RateBackend { Local, Redis };
std::string_view nameOf(RateBackend backend);

struct RateLimiterOptions {
  std::size_t clients = 16'384;          ///< of each kind that are remembered
  std::function<std::int64_t()> now_us;  ///< any clock that goes forward
  /// What a key may that has limits of its own; none: those of all keys. Must not wait.
  std::function<RateLimit(const std::string& key_id)> limit_of;
  std::function<void(RatePolicy, bool allowed, RateBackend)> on_decision;  ///< must not wait
  std::function<void(const HttpRequest&, RatePolicy)> on_refusal;          ///< must not wait
  SharedRates* shared = nullptr;  ///< of all replicas; null: this host is the only one
  const std::atomic<std::int64_t>* replicas = nullptr;  ///< how many there are; null: one
};

/// What one request asks of the limits of its client.
struct RateCase {
  RatePolicy policy = RatePolicy::Key;
  std::array<RateDemand, 2> demands{};
  std::size_t count = 0;  ///< of the demands; 0: there is no limit

  std::span<const RateDemand> asked() const { return {demands.data(), count}; }
};

/// Who may ask how often (S39, S40). A client is its key, or without one its address. It has its
/// own limits and, at a plugin that limits its clients, others beside them: a request takes one
/// from each or from none. What is not let in takes nothing from the key that it names, and counts
/// at its address. Thread-safe; waits for nobody.
///
/// With other replicas a request is asked for at Redis (share(), then settle()), and where that is
/// not to be had here (decide()), with this replica's share of the limits.
class RateLimiter {
 public:
  RateLimiter(RateLimits limits, RateLimiterOptions options);

  /// Of a request whose principal is known, at a `plugin` that gives each client this `limit`.
  RateCase caseOf(const HttpRequest& request, std::string_view plugin = {},
                  const RateLimit& limit = {}) const;
  /// Says what is left. Throws RATE_LIMIT_EXCEEDED (429) with Retry-After.
  void decide(const HttpRequest& request, const RateCase& asked, RateQuota& quota);
  /// Whether replicas share the limits, and the place where they do can be asked.
  bool isShared() const noexcept { return options_.shared != nullptr && options_.shared->isUp(); }
  /// Asks there; false, and no verdict, when that is not to be had.
  bool share(const RateCase& asked, SharedVerdict done);
  /// As decide(), by the verdict.
  void settle(const HttpRequest& request, const RateCase& asked, const RateQuota& verdict,
              RateQuota& quota);
  /// Counts a request that was not let in: its credential, scope or tenant. Throws
  /// RATE_LIMIT_EXCEEDED when that happens too often, instead of whatever would be said of it.
  void refused(const HttpRequest& request, RateQuota& quota);
  /// For what comes from now on.
  void replace(const RateLimits& limits);

 private:
  RateTable& tableOf(RatePolicy policy);
  void conclude(const HttpRequest& request, RatePolicy policy, const RateQuota& quota,
                RateBackend backend) const;

  const RateLimiterOptions options_;
  Published<RateLimits> limits_;
  RateTable keys_;
  RateTable addresses_;
};

/// What the client hears of its limits (S41): X-RateLimit-{Limit,Remaining,Reset}-{Minute,Hour} of
/// whichever limit has least left, resets in seconds since 1970 (C27); RateLimit-Policy and
/// RateLimit of the IETF's draft with all of them, in seconds from now. Appends whole lines.
void appendQuotaLines(const RateQuota& quota, std::int64_t wall_us, std::string& lines);

}  // namespace bulkhead::host
