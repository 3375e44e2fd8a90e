#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/command_line.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

// What the commands that speak /api/admin share.

/// The body of a successful answer; a refusal becomes the Error that it speaks of.
nlohmann::json bodyOf(const HttpResponse& response);
/// Slugs and ids. Throws Error (validation, USAGE) for anything else, which would name another
/// path.
const std::string& pathSegment(const std::string& name);
/// A value as a person reads it.
std::string textOf(const nlohmann::json& value);
/// Prints `body` as it is with --json, else the columns of its `data` as a table.
int printList(const CommandLine& line, const nlohmann::json& body,
              const std::vector<std::string>& columns);

}  // namespace bulkhead::host
