#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "app/passed_sockets.hpp"
#include "app/takeover_channel.hpp"
#include "http/listener.hpp"

namespace bulkhead::host {

/// What the running host does for the one that takes its place; called on the desk's thread.
struct TakeoverHooks {
  /// Why it cannot be now, as a sentence; empty when it can: give_up() or leave() follows then.
  std::function<std::string()> why_not;
  /// Shares the stores' leases, and gives copies of the listening sockets. What it throws refuses.
  std::function<std::vector<InheritedListener>()> begin;
  /// The other one is gone or gave up: everything is as before begin().
  std::function<void()> give_up;
  /// How long leave() takes to end this process, at the most.
  std::function<std::chrono::milliseconds()> stops_within;
  /// The other one serves: this host leaves it the listeners at `places` (of begin()) and stops.
  std::function<void(const std::vector<std::size_t>& places, pid_t successor)> leave;
};

/// Where a running host waits for one that takes its place: listens on DATA_DIR/takeover.sock, one
/// at a time. The other one asks (`hello`), gets the listeners, and starts beside this host, which
/// goes on meanwhile and writes its stores by turns with it. When it serves it says so, and this
/// one stops. When it is gone before, or silent for `patience`, nothing has changed.
class TakeoverDesk {
 public:
  /// Throws Error configuration PORT_IN_USE or ADDRESS_UNUSABLE.
  TakeoverDesk(const std::filesystem::path& socket, TakeoverHooks hooks,
               std::chrono::milliseconds patience = std::chrono::minutes{5});
  /// Gives up whom it serves, and removes the socket's file.
  ~TakeoverDesk();
  TakeoverDesk(const TakeoverDesk&) = delete;
  TakeoverDesk& operator=(const TakeoverDesk&) = delete;

 private:
  void run();
  void serve(const TakeoverChannel& channel);
  bool greet(const TakeoverChannel& channel) const;
  std::size_t handOut(const TakeoverChannel& channel) const;
  bool awaitServing(const TakeoverChannel& channel, std::size_t count,
                    std::vector<std::size_t>& places) const;
  bool leave(const TakeoverChannel& channel, const std::vector<std::size_t>& places);

  const TakeoverHooks hooks_;
  const std::chrono::milliseconds patience_;
  Listener listener_;
  std::atomic<bool> ended_{false};
  bool left_ = false;  ///< the thread's
  std::thread thread_;
};

}  // namespace bulkhead::host
