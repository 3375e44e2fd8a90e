#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include "http/front_options.hpp"
#include "http/tls_context.hpp"
#include "runtime/published.hpp"

namespace bulkhead::host {

/// Why a request or connection was turned away; the labels of
/// http_server_rejected_requests_total{reason}.
enum class Rejection {
  Malformed,
  UriTooLong,
  HeadersTooLarge,
  BodyTooLarge,
  NotImplemented,
  Version,
  Expectation,
  HeadTimeout,
  BodyTimeout,
  BodyIncomplete,
  BodyBudget,
  WriteStall,
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
/// The reason that belongs to a refusal of the parser.
Rejection rejectionOf(const Error& refusal);

/// Counters of one loop: written by its thread only, read by any.
struct LoopCounters {
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Rejection::kCount)> rejected{};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::int64_t> active_requests{0};
  std::atomic<std::int64_t> idle_connections{0};
  std::atomic<std::int64_t> stall_us_max{0};

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

  std::atomic<std::int64_t> open_connections{0};
  std::atomic<bool> draining{false};
  std::atomic<bool> drain_gently{false};  ///< idle connections may ask once more
  std::atomic<bool> accepting{true};
  std::atomic<bool> stopping{false};
  IpTable ips;
  Published<TlsContext> tls;           ///< null: no listener speaks TLS
  std::shared_ptr<BodyBudget> bodies;  ///< never null once the front is made

  std::mutex mutex;
  std::condition_variable changed;
  unsigned listeners_closed = 0;  ///< loops that have; guarded by mutex
  std::set<int> kept;  ///< listening sockets that somebody else serves too; guarded by mutex

  void connectionClosed();
  bool isKept(int fd);
};

}  // namespace bulkhead::host
