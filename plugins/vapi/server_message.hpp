#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "call.hpp"

namespace vapi {

/// One tool that the assistant wants to be used. `arguments` is the JSON text of an object.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;
};

/// What Vapi tells or asks during a call.
struct ServerMessage {
  std::string type;  ///< "tool-calls", "status-update" ...
  std::optional<Call> call;
  std::string to;  ///< the number that was called, where it is said
  std::vector<ToolCall> tool_calls;
};

/// Reads it, in each of the shapes that Vapi's documents and library have. Throws Error 400
/// VALIDATION_ERROR when it is none.
ServerMessage parseServerMessage(std::string_view body);

/// The same for every delivery of a message that has no id of its own.
std::string keyOf(const ServerMessage& message);

/// One line, as Vapi wants the result of a tool: line breaks and other control characters become
/// spaces.
std::string singleLine(std::string_view text);

}  // namespace vapi
