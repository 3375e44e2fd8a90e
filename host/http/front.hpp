#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http/front_options.hpp"
#include "http/listener.hpp"

namespace bulkhead::host {

class EventLoop;
struct SharedState;

/// Figures of a front, summed over its loops.
struct FrontCounters {
  std::uint64_t accepted = 0;
  std::uint64_t requests = 0;
  std::int64_t open_connections = 0;
  std::int64_t idle_connections = 0;
  std::int64_t active_requests = 0;
  std::map<std::string_view, std::uint64_t> rejected;  ///< by reason; every reason is there
  double loop_stall_seconds_max = 0;  ///< longest single step of a loop since the start
};

/// The HTTP/1.1 edge: listeners, one event loop per processor, and their connections.
/// Life: constructor, listen..., start, beginDrain, stopAccepting, waitIdle, stop; from one
/// thread. Counters from any.
class Front {
 public:
  /// The handler and the tail outlive the front's loops. Throws Error configuration when
  /// fixed_header_lines is not made of whole header lines.
  Front(FrontOptions options, Handler handler, Tail tail);
  /// stop().
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  /// Adds a TCP address before start(); `port` 0 takes a free one. Throws Error configuration
  /// PORT_IN_USE or ADDRESS_UNUSABLE, naming address and port. Connections queue from here on.
  void listen(const std::string& address, std::uint16_t port);
  /// The same for an address whose peers are marked as coming by the management port.
  void listenManagement(const std::string& address, std::uint16_t port);
  /// Adds the admin socket before start(): mode 0600, peers known by their credentials as
  /// "unix:UID". The file is removed by stop().
  void listenUnix(const std::filesystem::path& path);
  /// Port of the `index`-th listen().
  std::uint16_t port(std::size_t index = 0) const;

  void start();
  /// From now on the last answer of each connection says `Connection: close`, and connections
  /// without a request are closed. New ones are still accepted.
  void beginDrain();
  /// Takes in what is queued and closes the listening sockets; returns when that is done.
  void stopAccepting();
  /// True when no connection was left within `timeout`; after beginDrain().
  bool waitIdle(std::chrono::milliseconds timeout);
  /// Answers what is still open with 503, closes everything and joins the loops. Exchanges that
  /// lanes still hold stay valid.
  void stop();

  /// Makes every loop call `on_wake` as soon as it comes round. Any thread, between start() and
  /// stop().
  void wake();
  unsigned loops() const noexcept { return static_cast<unsigned>(loops_.size()); }

  FrontCounters counters() const;

 private:
  void addTcp(const std::string& address, std::uint16_t port, bool management);
  void wakeAll();

  std::unique_ptr<SharedState> shared_;
  std::vector<TcpListener> tcp_;
  std::vector<int> unix_fds_;
  std::vector<std::filesystem::path> unix_paths_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace bulkhead::host
