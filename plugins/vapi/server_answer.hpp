#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server_message.hpp"

/// Vapi's questions and answers, and those of voice/1.
namespace vapi {

/// What the ask tool_call says of one tool.
std::string toolQuestion(const ServerMessage& message, const ToolCall& tool);
/// What the ask assistant_request says.
std::string assistantQuestion(const ServerMessage& message);

/// Collects what Vapi is told of the tools that it asked for: always an answer,
/// never an error of HTTP, which it would pass over.
class ToolResults {
 public:
  /// `is_legacy`: the message was a function-call, whose answer has another
  /// shape.
  explicit ToolResults(bool is_legacy) : is_legacy_{is_legacy} {}

  /// `answer` is that of the ask; empty where there is none.
  void add(const ToolCall& tool, std::string_view answer);
  std::string json() const;

 private:
  struct Result {
    std::string id;
    std::string name;
    std::string text;
    bool is_error;
  };

  const bool is_legacy_;
  std::vector<Result> results_;
};

/// What Vapi is told of the ask assistant_request's answer; empty where there
/// is none.
std::string assistantAnswer(std::string_view answer);

}  // namespace vapi
