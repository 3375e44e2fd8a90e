#include "server_message.hpp"

#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>
#include <bulkhead/json_nesting.hpp>

namespace vapi {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kToolCallsMax = 32;

[[noreturn]] void refuse(const char* reason) {
  throw bulkhead::Error::validation("VALIDATION_ERROR", reason);
}

const Json& memberOf(const Json& object, const char* name) {
  static const Json kNothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? kNothing : *found;
}

std::string textOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string{};
}

/// An object, or the text of one; anything else is an object without members.
std::string argumentsOf(const Json& value) {
  if (value.is_object()) return value.dump();
  if (!value.is_string()) return "{}";
  const auto& text = value.get_ref<const std::string&>();
  if (bulkhead::nestsDeeperThan(bulkhead::kJsonLevelsMax, text))
    refuse("Arguments nest too deeply.");
  const Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed.dump() : "{}";
}

ToolCall toolCallIn(const Json& item) {
  const Json& function = memberOf(item, "function");
  ToolCall call{textOf(memberOf(item, "id")), textOf(memberOf(item, "name")), {}};
  if (call.name.empty()) call.name = textOf(memberOf(function, "name"));
  for (const Json* const place : {&memberOf(function, "arguments"), &memberOf(item, "arguments"),
                                  &memberOf(item, "parameters")}) {
    if (place->is_null()) continue;
    call.arguments = argumentsOf(*place);
    return call;
  }
  call.arguments = "{}";
  return call;
}

std::vector<ToolCall> toolCallsIn(const Json& message) {
  std::vector<ToolCall> calls;
  if (const Json& legacy = memberOf(message, "functionCall"); legacy.is_object()) {
    calls.push_back(toolCallIn(legacy));
    return calls;
  }
  const Json& list = memberOf(message, "toolCallList");
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
  if (bulkhead::nestsDeeperThan(bulkhead::kJsonLevelsMax, body))
    refuse("The body is nested too deeply.");
  const Json document = Json::parse(body, nullptr, false);
  const Json& message = memberOf(document, "message");
  ServerMessage result;
  result.type = textOf(memberOf(message, "type"));
  if (result.type.empty() || result.type.size() > 100) refuse("The message has no type.");
  result.call = callIn(message);
  result.to = textOf(memberOf(memberOf(message, "phoneNumber"), "number"));
  if (const Json& time = memberOf(message, "timestamp"); time.is_number_integer())
    result.timestamp_ms = time.get<std::int64_t>();
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
