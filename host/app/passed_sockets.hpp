#pragma once

#include <cstddef>
#include <vector>

#include "http/listener.hpp"

namespace bulkhead::host {

/// A listener that somebody had open before this process.
struct InheritedListener {
  Service::Audience audience = Service::Audience::Public;
  bool by_service_manager = false;  ///< passed on start; in the place of what is configured
  Listener listener;
  std::size_t place = 0;  ///< among those that the running host handed over
};

/// What the service manager passed on start (sd_listen_fds(3)): LISTEN_PID, LISTEN_FDS, and the
/// names of LISTEN_FDNAMES. "management" is the management port; "http", "https", names that end
/// in ".socket" and nameless ones are the public port. Empty when nothing was passed to this
/// process. The variables are taken out of the environment, so that no child believes them. Call it
/// once, before there are other threads. Throws Error configuration SOCKET_ACTIVATION, saying what
/// is wrong and what was expected.
std::vector<InheritedListener> takePassedSockets();

}  // namespace bulkhead::host
