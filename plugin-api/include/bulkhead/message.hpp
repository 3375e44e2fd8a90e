#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include <bulkhead/request.hpp>

namespace bulkhead {

/// An event of another plugin, or a message that the plugin has kept in an inbox of its own. Views
/// are valid until the handler returns.
class Message {
 public:
  using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

  /// `request` is one of method "MESSAGE"; borrowed.
  explicit Message(const Request& request) : request_{request} {}
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  /// The capability ("payments/1"), or the name of the inbox.
  std::string_view source() const { return request_.param("source"); }
  /// The event's name, or what the message was kept as.
  std::string_view type() const { return request_.param("type"); }
  /// The same for every delivery of it, and no other's of its source and provider: the event's id,
  /// or the message's key.
  std::string_view id() const { return request_.param("id"); }
  /// The plugin that published it; empty for a message of an own inbox.
  std::string_view provider() const { return request_.param("provider"); }
  /// Those of one subject come one after the other, in their order. Empty for none.
  std::string_view subject() const { return request_.param("subject"); }
  /// As the sender said it; empty for none.
  std::string_view tenant() const { return request_.tenant(); }
  /// Of an event, JSON text that the capability's contract allows; else the bytes that were kept.
  std::string_view body() const { return request_.body(); }
  /// What was kept with the message; `name` in lower case.
  std::optional<std::string_view> header(std::string_view name) const {
    return request_.header(name);
  }
  /// When it came into this plugin's store.
  WallTime received() const { return WallTime{number("received_us")}; }
  /// When it happened: when the event was published, or as the message says it. Nothing for a
  /// message that does not say.
  std::optional<WallTime> eventTime() const {
    const auto at = number("event_time_us");
    return at.count() == 0 ? std::nullopt : std::optional{WallTime{at}};
  }
  /// The how manieth time it is handled, from 1; deaths of the plugin's home do not count.
  std::uint32_t attempt() const { return static_cast<std::uint32_t>(number("attempt").count()); }
  /// Its deadline and the trace of what it follows from.
  Context context() const { return request_.context(); }

 private:
  std::chrono::microseconds number(std::string_view name) const {
    std::int64_t value = 0;
    const std::string_view text = request_.param(name);
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::chrono::microseconds{value};
  }

  const Request& request_;
};

}  // namespace bulkhead
