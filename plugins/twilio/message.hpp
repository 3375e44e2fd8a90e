#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twilio {

/// How far a message has come, in the words of messaging/1.
enum class Progress { Queued, Sent, Delivered, Undelivered, Failed };

std::string_view nameOf(Progress progress);
std::optional<Progress> progressNamed(std::string_view name);

/// What one of Twilio's statuses means. Nothing for a word that is not known.
std::optional<Progress> progressOf(std::string_view status);

/// Twilio's news come in any order: what was sent is not queued again, and the end is the end.
bool isForward(Progress from, Progress to);

/// What somebody wants to be sent. `sender` is a number, or a messaging service (MG...).
struct Draft {
  std::string to;
  std::string text;
  std::string sender;
  std::string reference;  ///< the tenant's own id of it: it is sent once
  std::vector<std::string> media_urls{};
};

/// A message that Twilio has.
struct Message {
  std::string sid;
  Progress progress = Progress::Queued;
  std::optional<std::string> error_code{};
  std::optional<std::int64_t> segments{};
};

/// What somebody has sent to us.
struct InboundMessage {
  struct Media {
    std::string url;
    std::string type;
  };
  std::string sid;
  std::string from;
  std::string to;
  std::string text;
  std::vector<Media> media{};
};

}  // namespace twilio
