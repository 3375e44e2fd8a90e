#pragma once

#include <atomic>
#include <exception>
#include <filesystem>
#include <string_view>

namespace bulkhead::host {

/// What becomes of exceptions that nobody handles (C19). Those of handlers and jobs are handled by
/// the home that runs them, and never come here.
struct UncaughtPolicy {
  bool production = false;
  std::filesystem::path plugin_copies;  ///< `<folder>/<id>/<file>`: where plugins are loaded from
};

/// From now on std::terminate() logs the exception with its stack. In a thread that a plugin has
/// made, the thread is left where it is and everything else goes on (S96). In one of the host's
/// production begins the stop, which ends with exit code 70, and development aborts (S97, S98).
/// Once, from the thread that waits for signals.
void watchUncaughtFailures(UncaughtPolicy policy);
/// Changes what `server.exit_on_unhandled` says. Any thread.
void setExitOnUnhandled(bool exits) noexcept;

/// For a timer or a background task of the host, from within its catch block: logs the exception
/// that is being handled, with the name of the task; the task goes on. In development with
/// `server.exit_on_unhandled` the process ends here, with exit code 70.
void reportUnhandled(std::string_view task) noexcept;

/// True when an uncaught failure has begun the stop.
bool endsByUncaughtFailure() noexcept;

}  // namespace bulkhead::host
