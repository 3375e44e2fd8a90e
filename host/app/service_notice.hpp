#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace bulkhead::host {

/// Tells the service manager (systemd, ops §5.7), one datagram of lines such as "READY=1" to the
/// socket that NOTIFY_SOCKET names; nothing where there is none. Never waits and never throws.
void notifyService(std::string_view lines) noexcept;
/// The same for the begin of a reload, with the time that systemd wants beside it.
void notifyReloading() noexcept;
/// How often the service manager wants to hear WATCHDOG=1 at the latest; none when it does not.
std::optional<std::chrono::microseconds> serviceWatchdog() noexcept;

}  // namespace bulkhead::host
