#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include "app/passed_sockets.hpp"
#include "app/takeover_channel.hpp"

namespace bulkhead::host {

/// The other side of a TakeoverDesk: a starting host's claim to the place of the one that runs.
/// Ending it before serving() leaves that one as it is. From one thread at a time.
class TakeoverClaim {
 public:
  /// Asks the host that listens on `socket`. Nothing when nobody does. Throws Error app
  /// TAKEOVER_REFUSED, saying why, when it refuses, is no host, or does not answer in time.
  static std::optional<TakeoverClaim> make(const std::filesystem::path& socket);

  /// Its listeners; once.
  std::vector<InheritedListener> takeListeners() { return std::move(listeners_); }
  /// This host serves, by the listeners at these places: the other one stops now, or has ended
  /// already. Throws Error app TAKEOVER_REFUSED when it goes on: then this one has to end. Ends the
  /// conversation: exactly one of both goes on.
  void serving(const std::vector<std::size_t>& places);
  /// Returns when the other process has ended. One that takes longer than it said is killed.
  void awaitEnd() const;

 private:
  TakeoverClaim(TakeoverChannel channel, FileDescriptor process)
      : channel_{std::move(channel)}, process_{std::move(process)} {}
  void receiveListeners();

  TakeoverChannel channel_;
  FileDescriptor process_;  ///< pidfd of the other one
  std::vector<InheritedListener> listeners_;
  std::chrono::milliseconds stops_within_{0};
};

}  // namespace bulkhead::host
