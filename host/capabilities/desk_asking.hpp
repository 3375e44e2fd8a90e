#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "plugins/compartment.hpp"
#include "runtime/message.hpp"
#include "runtime/registration.hpp"

namespace bulkhead::host {

/// What the host asks of a plugin's desk, as a request; `body` is JSON text.
HttpRequest deskRequest(const RegisteredRoute& desk, std::string body);
/// Asks and waits. Throws Error, as the desk has it, or PLUGIN_UNAVAILABLE.
std::string askDeskAndWait(Compartment& compartment,
                           const std::shared_ptr<const RegisteredRoute>& desk, std::string body,
                           std::chrono::milliseconds patience);

}  // namespace bulkhead::host
