#include "server_message.hpp"

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>

namespace vapi {
namespace {

using bulkhead::memberIn;
using bulkhead::textIn;
using Json = nlohmann::json;

constexpr std::size_t kToolCallsMax = 32;

[[noreturn]] void refuse(const char* reason) {
  throw bulkhead::Error::validation("VALIDATION_ERROR", reason);
}

/// An object, or the text of one; anything else is an object without members.
std::string argumentsOf(const Json& value) {
  if (value.is_object()) return value.dump();
  if (!value.is_string()) return "{}";
  const auto& text = value.get_ref<const std::string&>();
  if (bulkhead::nestsDeeperThan(bulkhead::kJsonLevelsMax, text))
    refuse("Arguments nest too deeply.");
  const Json parsed = bulkhead::readJson(text);
  return parsed.is_object() ? parsed.dump() : "{}";
}

ToolCall toolCallIn(const Json& item) {
  const Json& function = memberIn(item, "function");
  ToolCall call{textIn(item, "id"), textIn(item, "name"), {}};
  if (call.name.empty()) call.name = textIn(function, "name");
  for (const Json* const place : {&memberIn(function, "arguments"), &memberIn(item, "arguments"),
                                  &memberIn(item, "parameters")}) {
    if (place->is_null()) continue;
    call.arguments = argumentsOf(*place);
    return call;
  }
  call.arguments = "{}";
  return call;
}

std::vector<ToolCall> toolCallsIn(const Json& message) {
  std::vector<ToolCall> calls;
  if (const Json& legacy = memberIn(message, "functionCall"); legacy.is_object()) {
    calls.push_back(toolCallIn(legacy));
    return calls;
  }
  const Json& list = memberIn(message, "toolCallList");
  if (!list.is_array()) return calls;
  if (list.size() > kToolCallsMax) refuse("The message has too many tool calls.");
  for (const auto& item : list) {
    calls.push_back(toolCallIn(item));
    if (calls.back().id.empty() || calls.back().name.empty() || calls.back().id.size() > 255 ||
        calls.back().name.size() > 255)
      refuse("A tool call has no id or no name.");
  }
  return calls;
}

}  // namespace

ServerMessage parseServerMessage(std::string_view body) {
  const Json document = bulkhead::readJson(body);
  const Json& message = memberIn(document, "message");
  ServerMessage result;
  result.type = textIn(message, "type");
  if (result.type.empty() || result.type.size() > 100) refuse("The message has no type.");
  result.call = callIn(message);
  result.to = textIn(memberIn(message, "phoneNumber"), "number");
  result.tool_calls = toolCallsIn(message);
  return result;
}

std::string keyOf(const ServerMessage& message) {
  std::string key = (message.call ? message.call->id : std::string{}) + ":" + message.type;
  if (message.type == "status-update" && message.call)
    key.append(":").append(nameOf(message.call->state));
  return key;
}

std::string singleLine(std::string_view text) {
  std::string line{text};
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') c = ' ';
  }
  return line;
}

}  // namespace vapi
