#pragma once

#include <chrono>
#include <cstdint>
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
class TlsContext;
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

  /// Serves the clients of `listener`; before start(). A listener of its own for each loop, where
  /// it has as many sockets as there are loops, else all of them for every loop. Where it speaks
  /// TLS, setTls() comes first.
  void listen(Listener listener, const Service& service = {});
  /// What new connections are served with from now on; those that are open keep theirs. Any thread.
  void setTls(std::shared_ptr<const TlsContext> context);
  /// Copies of the sockets of the `index`-th listen(), for another process.
  std::vector<FileDescriptor> copyOf(std::size_t index) const;
  /// The `index`-th listener is another process's as well from now on: what queues there is left to
  /// it, and its file stays. Before stopAccepting().
  void leaveTo(std::size_t index);
  /// The `index`-th listener, which was another process's, is this one's alone from now on, with
  /// the file of a Unix socket.
  void own(std::size_t index);
  /// Port of the `index`-th listen().
  std::uint16_t port(std::size_t index = 0) const;

  void start();
  /// What becomes of connections without a request when the front drains. `AskOnceMore`: they have
  /// `linger` to send one, so that nobody whose request is on its way finds the connection closed.
  enum class Idle { End, AskOnceMore };
  /// From now on the last answer of each connection says `Connection: close`, and connections
  /// without a request are closed. New ones are still accepted.
  void beginDrain(Idle idle = Idle::End);
  /// Takes in what is queued (where nobody else keeps the sockets), closes the listening sockets
  /// and removes their files; returns when that is done.
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
  void keep(const Listener& listener);
  void wakeAll();

  std::unique_ptr<SharedState> shared_;
  std::vector<Listener> listeners_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace bulkhead::host
