#pragma once

#include <string>
#include <vector>

#include <bulkhead/abi.h>

namespace sdk_conformance {

/// The table of a plugin, whose SDK is given a host's table that notes what is called in it, and
/// responses that do.
const bulkhead_plugin& watched(const bulkhead_plugin& plugin);

/// What was called so far: "host.db_read", "response.begin", "plugin.start".
std::vector<std::string> calledMembers();

}  // namespace sdk_conformance
