#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "app/passed_sockets.hpp"
#include "config/host_settings.hpp"
#include "http/listener.hpp"

namespace bulkhead::host {

/// One of the host's listeners and how it is served.
struct HostListener {
  Service service;
  bool by_service_manager = false;
  Listener listener;
  std::optional<std::size_t> place{};  ///< of an inherited one: InheritedListener::place
};

/// Everything that the host listens on, as the settings say: the port on each address, the Unix
/// socket, the management port and the admin socket. The service manager's sockets stand in the
/// place of all that is configured for their audience; other inherited ones in that of the same
/// address. Those that fit nowhere are closed. The admin socket is always there, and comes last.
/// `loops` is the front's. Throws Error configuration PORT_IN_USE, ADDRESS_UNUSABLE.
std::vector<HostListener> openListeners(const HostSettings& settings, unsigned loops,
                                        std::vector<InheritedListener> inherited);

/// "http", "https", "management" or "admin": for the log.
const char* nameOf(const Service& service);

}  // namespace bulkhead::host
