#include "call.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <bulkhead/json_fields.hpp>
#include <bulkhead/utf8.hpp>

namespace vapi {
namespace {

using bulkhead::memberIn;
using Json = nlohmann::json;

constexpr std::array<std::string_view, 6> kNames{"scheduled",   "queued",     "ringing",
                                                 "in_progress", "forwarding", "ended"};
constexpr std::array<std::string_view, 6> kStatuses{"scheduled",   "queued",     "ringing",
                                                    "in-progress", "forwarding", "ended"};
constexpr std::size_t kTimeBytesMax = 40;
constexpr std::size_t kUrlBytesMax = 2048;

std::optional<CallState> found(const std::array<std::string_view, 6>& words,
                               std::string_view word) {
  const auto* const at = std::find(words.begin(), words.end(), word);
  if (at == words.end()) return std::nullopt;
  return static_cast<CallState>(at - words.begin());
}

std::string textIn(const Json& object, std::string_view name, std::size_t bytes_max) {
  return std::string{bulkhead::upTo(bytes_max, bulkhead::textIn(object, name))};
}

}  // namespace

std::string_view nameOf(CallState state) {
  return kNames[static_cast<std::size_t>(state)];
}

std::optional<CallState> stateNamed(std::string_view name) {
  return found(kNames, name);
}

std::optional<CallState> stateOf(std::string_view status) {
  return found(kStatuses, status);
}

std::optional<Call> callIn(const Json& document) {
  const Json& within = memberIn(document, "call");
  const Json& base = within.is_null() ? document : within;
  // what a message says itself is newer than the call that it carries
  const auto text = [&](std::string_view name, std::size_t bytes_max) {
    std::string own = textIn(document, name, bytes_max);
    return own.empty() ? textIn(base, name, bytes_max) : own;
  };
  const auto part = [&](std::string_view name) -> const Json& {
    const Json& own = memberIn(document, name);
    return own.is_null() ? memberIn(base, name) : own;
  };
  Call call;
  call.id = textIn(base, "id", 255);
  if (call.id.empty()) return std::nullopt;
  call.state = stateOf(text("status", 40)).value_or(CallState::Queued);
  call.name = textIn(base, "name", 255);
  call.ended_reason = text("endedReason", 200);
  call.customer = textIn(part("customer"), "number", 64);
  call.started_at = text("startedAt", kTimeBytesMax);
  call.ended_at = text("endedAt", kTimeBytesMax);
  call.summary = textIn(part("analysis"), "summary", 10000);
  call.transcript = textIn(part("artifact"), "transcript", 500000);
  call.recording_url = textIn(part("artifact"), "recordingUrl", kUrlBytesMax);
  call.control_url = textIn(part("monitor"), "controlUrl", kUrlBytesMax);
  if (const Json& cost = part("cost"); cost.is_number())
    call.cost = std::max(0.0, cost.get<double>());
  return call;
}

}  // namespace vapi
