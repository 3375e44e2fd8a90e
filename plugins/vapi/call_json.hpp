#pragma once

#include <string>
#include <string_view>

#include "call_store.hpp"

namespace vapi {

/// Reads a request that the contract of start_call, or of the route, allows.
Draft draftFrom(std::string_view json);

/// How a call stands, by the contract voice/1.
std::string callJson(const Call& call);
/// Payloads of call_updated and call_ended.
std::string updatedPayload(const KeptCall& kept, const Call& call);
std::string endedPayload(const KeptCall& kept, const Call& call);

}  // namespace vapi
