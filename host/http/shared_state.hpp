#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "http/front_options.hpp"
#include "http/tls_context.hpp"
#include "runtime/published.hpp"

namespace bulkhead::host {

class EventLoop;

/// Why a request or connection was turned away, by whichever part of the host; the labels of
/// http_server_rejected_requests_total{reason}. What a business rule or a credential refuses is not
/// among them.
enum class Rejection {
  Malformed,
  UriTooLong,
  HeadersTooLarge,
  BodyTooLarge,
  NotImplemented,
  Version,
  Expectation,
  Upgrade,
  Invalid,
  NotFound,
  MethodNotAllowed,
  NotAcceptable,
  MediaType,
  PluginUnavailable,
  PluginCrashed,
  CircuitOpen,  ///< the plugin failed so often that calls are kept away from it
  ExternalService,
  StoreUnavailable,
  Overloaded,
  HeadTimeout,
  BodyTimeout,
  BodyIncomplete,
  RequestBudget,
  WriteStall,
  AnswerBudget,
  Deadline,
  ConnectionCap,
  ConnectionEvicted,
  IpCap,
  Draining,
  ProxyHeader,       ///< missing, malformed, or from a peer that is no trusted proxy
  TlsHandshake,      ///< failed
  PlainHttp,         ///< a request in clear on a port of TLS
  HandshakeTimeout,  ///< PROXY header and handshake took too long
  kCount
};
std::string_view nameOf(Rejection rejection);
/// The reason that belongs to a code of the host's own; none for a code of a business.
std::optional<Rejection> rejectionOf(std::string_view code);

/// Counters of one loop: written by its thread only, read by any.
struct LoopCounters {
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Rejection::kCount)> rejected{};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::int64_t> active_requests{0};
  std::atomic<std::int64_t> idle_connections{0};
  std::atomic<std::int64_t> stall_us_max{0};
  /// Since when the loop's longest idle connection is idle; INT64_MAX without one.
  std::atomic<std::int64_t> idle_since_us{INT64_MAX};

  void count(Rejection rejection) { bump(rejected[static_cast<std::size_t>(rejection)], 1); }
  /// Adds without a locked instruction: there is one writer.
  template <class Number>
  static void bump(std::atomic<Number>& counter, std::type_identity_t<Number> by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
};

/// Connections per client, IPv6 by /64. Thread-safe.
class IpTable {
 public:
  /// Counts one more; false, and not counted, when `max` are there already.
  bool enter(const std::string& address, std::size_t max);
  void leave(const std::string& address);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> counts_;
};

/// What the loops of one front have in common; lives until the last of them has ended.
struct SharedState {
  FrontOptions options;
  Handler handler;
  Tail tail;

  std::vector<EventLoop*> loops;  ///< all of them, unchanged while any runs

  std::atomic<std::int64_t> open_connections{0};
  std::atomic<std::int64_t> unsent_bytes{0};  ///< of answers that clients have not taken
  std::atomic<bool> draining{false};
  std::atomic<bool> drain_gently{false};  ///< idle connections may ask once more
  std::atomic<bool> accepting{true};
  std::atomic<bool> stopping{false};
  IpTable ips;
  Published<TlsContext> tls;  ///< null: no listener speaks TLS

  std::mutex mutex;
  std::condition_variable changed;
  unsigned listeners_closed = 0;  ///< loops that have; guarded by mutex
  std::set<int> kept;  ///< listening sockets that somebody else serves too; guarded by mutex

  void connectionClosed();
  bool isKept(int fd);
};

}  // namespace bulkhead::host
