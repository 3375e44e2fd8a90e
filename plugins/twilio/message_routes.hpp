#pragma once

#include <bulkhead/registrar.hpp>
#include <bulkhead/required_settings.hpp>

#include "message_desk.hpp"

namespace twilio {

/// Registers the calls of messaging/1 and the routes of messages, which are answered by `desk`, and
/// refused while something is missing. Both outlive the plugin's calls.
void addMessageRoutes(bulkhead::Registrar& host, const MessageDesk& desk,
                      const bulkhead::RequiredSettings& required);

}  // namespace twilio
