#pragma once

#include <bulkhead/registrar.hpp>
#include <bulkhead/required_settings.hpp>

#include "call_desk.hpp"

namespace vapi {

/// Registers the calls of voice/1 and the routes of calls, which are answered by `desk`, and
/// refused while something is missing. Both outlive the plugin's calls.
void addCallRoutes(bulkhead::Registrar& host, const CallDesk& desk,
                   const bulkhead::RequiredSettings& required);

}  // namespace vapi
