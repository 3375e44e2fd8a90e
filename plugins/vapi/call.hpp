#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vapi {

/// How a call stands, in the words of voice/1 and in their order.
enum class CallState { Scheduled, Queued, Ringing, InProgress, Forwarding, Ended };

std::string_view nameOf(CallState state);
std::optional<CallState> stateNamed(std::string_view name);
/// What one of Vapi's statuses means. Nothing for a word that is not known.
std::optional<CallState> stateOf(std::string_view status);

/// Whom somebody wants to be rung up.
struct Draft {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  std::string to;
  std::string reference;  ///< the tenant's own id of it: it is placed once
  std::string assistant;
  std::string first_message;
  Pairs variables;
  Pairs metadata;
};

/// A call that Vapi has. Texts that Vapi does not say are empty.
struct Call {
  std::string id;
  CallState state = CallState::Queued;
  std::string name;  ///< our id, of a call that we have placed
  std::string ended_reason;
  std::string customer;
  std::string started_at;
  std::string ended_at;
  std::string summary;
  std::string transcript;
  std::string recording_url;
  std::optional<double> cost;
  std::string control_url;
};

/// Reads the call in one of Vapi's objects: an answer, or the message that a webhook brings, whose
/// own members go before those of its `call`. Nothing when there is none.
std::optional<Call> callIn(const nlohmann::json& document);

}  // namespace vapi
