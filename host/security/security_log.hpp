#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/message.hpp"

namespace bulkhead::host {

enum class SecurityEventKind {
  AuthenticationFailed,  ///< a credential that is wrong, or none where one is needed (S44)
  AuthorizationDenied,   ///< a known key on what it has no right to
  TenantRefused,         ///< a known key on a tenant that it does not have, or that is suspended
  MonitoringDenied,      ///< monitoring asked for from outside (C16)
  RateLimited            ///< a client that asks more often than it may (S39)
};

/// The name in the log: "authentication_failed".
std::string_view nameOf(SecurityEventKind kind);

/// Holds no secret; views live during the call.
struct SecurityEvent {
  SecurityEventKind kind = SecurityEventKind::AuthenticationFailed;
  std::string_view reason{};  ///< "no_credential", "unknown_key", "key" of a limit ...
  std::string_view key_id{};  ///< the id that was claimed, or that of the known key
  std::string_view tenant{};  ///< that was asked for
  std::string_view scope{};   ///< that was missing
  std::string_view address{};
  std::string_view request_id{};
  std::string_view method{};
  std::string_view path{};
  std::string_view user_agent{};
};

/// `event` with what the request says of its sender.
SecurityEvent eventOf(const HttpRequest& request, SecurityEvent event);

struct SecurityLogOptions {
  std::uint32_t lines_per_source = 20;  ///< in a window, of one kind and reason
  std::uint32_t lines_together = 600;   ///< in a window
  std::int64_t window_us = 60'000'000;
  std::size_t sources_max = 4096;        ///< remembered in a window; the rest share one line
  std::function<std::int64_t()> now_us;  ///< any clock that goes forward
  /// Writes an event, or, with `held_back`, that so many like it were not written. Empty: the log.
  std::function<void(const SecurityEvent& event, std::uint64_t held_back)> write{};
};

/// One warning in the log for each security event, and no more than so many in a window: whoever
/// tries keys all day long neither fills a disk nor hides others. What was held back is counted,
/// told once when its window is over, and in counts() from the start. A source is an address, or
/// the /64 network of an IPv6 one. Thread-safe; record() waits for nobody and may be called on a
/// loop.
class SecurityLog {
 public:
  explicit SecurityLog(SecurityLogOptions options);

  void record(const SecurityEvent& event);
  /// Tells what was held back in windows that are over. Call now and then.
  void tellHeldBack();
  /// Refused credentials and rights since the start, written or not, by reason.
  std::vector<std::pair<std::string, std::uint64_t>> counts() const;

 private:
  struct Source {
    SecurityEventKind kind;
    std::string reason;
    std::string address;  ///< empty: those that were too many to remember

    bool operator<(const Source& other) const {
      return std::tie(kind, reason, address) < std::tie(other.kind, other.reason, other.address);
    }
  };
  struct Tally {
    std::uint32_t written = 0;
    std::uint64_t held_back = 0;
  };
  using Tallies = std::map<Source, Tally>;

  Tally& tallyOf(const SecurityEvent& event);
  /// The tallies of a window that is over, out of the way; empty while it is not.
  Tallies endWindow();
  void tell(const Tallies& over) const;

  const SecurityLogOptions options_;
  mutable std::mutex mutex_;
  Tallies tallies_;
  std::uint32_t written_ = 0;
  std::int64_t window_end_us_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace bulkhead::host
