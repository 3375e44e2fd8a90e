#pragma once

#include <string>
#include <string_view>

#include "message_store.hpp"

namespace twilio {

/// Reads a request that the contract of send_message, or of the route, allows.
Draft draftFrom(std::string_view json);

/// How a message that Twilio has stands, by the contract messaging/1.
std::string messageJson(const KeptMessage& kept);
/// The same with the tenant's own id of it, for its events and the plugin's own routes.
std::string messageWithReferenceJson(const KeptMessage& kept);

}  // namespace twilio
