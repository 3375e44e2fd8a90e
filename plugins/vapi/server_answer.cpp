#include "server_answer.hpp"

#include <algorithm>

#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>

namespace vapi {
namespace {

using bulkhead::JsonWriter;
using bulkhead::textIn;
using Json = nlohmann::json;

constexpr std::string_view kNotPossible = "This cannot be done at the moment.";

/// E.164, as the contract has numbers; other addresses are left out.
bool isNumber(std::string_view text) {
  return text.size() >= 3 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
         text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

void writeNumbers(JsonWriter& out, const ServerMessage& message) {
  if (message.call && isNumber(message.call->customer)) out.member("from", message.call->customer);
  if (isNumber(message.to)) out.member("to", message.to);
}

void writeObject(JsonWriter& out, std::string_view name, const Json& answer, const char* member) {
  if (const auto found = answer.find(member); found != answer.end()) {
    const std::string text = found->dump();
    out.member(name, bulkhead::RawJson{text});
  }
}

}  // namespace

std::string toolQuestion(const ServerMessage& message, const ToolCall& tool) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("call", message.call ? message.call->id : "unknown");
    out.member("id", tool.id);
    out.member("name", tool.name);
    out.member("arguments", bulkhead::RawJson{tool.arguments});
    writeNumbers(out, message);
    out.endObject();
  });
}

std::string assistantQuestion(const ServerMessage& message) {
  return bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("call", message.call->id);
    writeNumbers(out, message);
    out.endObject();
  });
}

void ToolResults::add(const ToolCall& tool, std::string_view answer) {
  const Json document = Json::parse(answer, nullptr, false);
  Result result{tool.id, tool.name, std::string{kNotPossible}, true};
  if (document.is_object()) {
    result.is_error = document.contains("error");
    result.text = singleLine(textIn(document, result.is_error ? "error" : "result"));
  }
  results_.push_back(std::move(result));
}

std::string ToolResults::json() const {
  return bulkhead::toJson([&](JsonWriter& out) {
    if (is_legacy_) {
      out.object("result", results_.empty() ? kNotPossible : std::string_view{results_[0].text});
      return;
    }
    out.beginObject();
    out.key("results");
    out.array(results_, [](JsonWriter& item, const Result& one) {
      item.object("toolCallId", one.id, "name", one.name, one.is_error ? "error" : "result",
                  one.text);
    });
    out.endObject();
  });
}

std::string assistantAnswer(std::string_view answer) {
  const Json document = Json::parse(answer, nullptr, false);
  return bulkhead::toJson([&](JsonWriter& out) {
    if (!document.is_object()) return out.object("error", kNotPossible);
    if (const std::string refusal = textIn(document, "refusal"); !refusal.empty())
      return out.object("error", refusal);
    if (const std::string number = textIn(document, "forward_to"); !number.empty()) {
      return out.object("destination", [&](JsonWriter& destination) {
        destination.object("type", "number", "number", number);
      });
    }
    out.beginObject();
    out.member("assistantId", textIn(document, "assistant"));
    if (document.contains("variables") || document.contains("metadata")) {
      out.key("assistantOverrides");
      out.beginObject();
      writeObject(out, "variableValues", document, "variables");
      writeObject(out, "metadata", document, "metadata");
      out.endObject();
    }
    out.endObject();
  });
}

}  // namespace vapi
