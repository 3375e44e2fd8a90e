#include "call.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace vapi {
namespace {

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

const Json* find(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(name);
  return at == object.end() ? nullptr : &*at;
}

std::string textIn(const Json* object, std::string_view name, std::size_t bytes_max) {
  const Json* const text = object == nullptr ? nullptr : find(*object, name);
  if (text == nullptr || !text->is_string()) return {};
  return std::string{upTo(bytes_max, text->get_ref<const std::string&>())};
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

std::string_view upTo(std::size_t bytes_max, std::string_view text) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U)
    --bytes_max;
  return text.substr(0, bytes_max);
}

std::optional<Call> callIn(const Json& document) {
  const Json* const within = find(document, "call");
  const Json* const base = within != nullptr ? within : &document;
  // what a message says itself is newer than the call that it carries
  const auto text = [&](std::string_view name, std::size_t bytes_max) {
    std::string own = textIn(&document, name, bytes_max);
    return own.empty() ? textIn(base, name, bytes_max) : own;
  };
  const auto part = [&](std::string_view name) {
    const Json* const own = find(document, name);
    return own != nullptr ? own : find(*base, name);
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
  if (const Json* const cost = part("cost"); cost != nullptr && cost->is_number())
    call.cost = std::max(0.0, cost->get<double>());
  return call;
}

}  // namespace vapi
