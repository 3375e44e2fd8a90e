#include "message.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace twilio {
namespace {

constexpr std::array<std::string_view, 5> kNames{"queued", "sent", "delivered", "undelivered",
                                                 "failed"};

/// https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
constexpr std::array<std::pair<std::string_view, Progress>, 10> kStatuses{{
    {"accepted", Progress::Queued},
    {"scheduled", Progress::Queued},
    {"queued", Progress::Queued},
    {"sending", Progress::Queued},
    {"sent", Progress::Sent},
    {"delivered", Progress::Delivered},
    {"read", Progress::Delivered},
    {"undelivered", Progress::Undelivered},
    {"failed", Progress::Failed},
    {"canceled", Progress::Failed},
}};

int stageOf(Progress progress) {
  return std::min(static_cast<int>(progress), static_cast<int>(Progress::Delivered));
}

}  // namespace

std::string_view nameOf(Progress progress) {
  return kNames[static_cast<std::size_t>(progress)];
}

std::optional<Progress> progressNamed(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Progress>(found - kNames.begin());
}

std::optional<Progress> progressOf(std::string_view status) {
  const auto* const found = std::find_if(kStatuses.begin(), kStatuses.end(),
                                         [&](const auto& one) { return one.first == status; });
  if (found == kStatuses.end()) return std::nullopt;
  return found->second;
}

bool isForward(Progress from, Progress to) {
  return stageOf(to) > stageOf(from);
}

}  // namespace twilio
