#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/http_client.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/message.hpp>
#include <bulkhead/request.hpp>
#include <bulkhead/transaction.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// How a handler of messages is tried.
struct MessageOptions {
  /// After so many runs that failed a message is dead: shown to operators, and run again when they
  /// say so. Between two of them there are 1 s to 1 h, more each time.
  std::uint32_t attempts = 20;
};

/// A message on its way into an inbox. Borrows all texts but those of the headers.
struct NewMessage {
  std::string_view key;           ///< kept once for one key: the sender's id of it; never empty
  std::string_view type = {};     ///< in the words of its sender
  std::string_view subject = {};  ///< those of one subject are handled one after the other
  std::string_view tenant = {};
  std::string_view body = {};                                     ///< any bytes, at most 1 MiB
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< names in lower case
  std::optional<Message::WallTime> event_time = {};               ///< when it happened
};

/// A durable inbox of the plugin's own. Cheap to copy; for any thread that the host called in on.
class Inbox {
 public:
  Inbox(const bulkhead_host& host, bulkhead_home& home, std::string name)
      : host_{&host}, home_{&home}, name_{std::move(name)} {}

  /// Keeps the message with the transaction; its handler runs soon after the commit. False when one
  /// with its key was kept before: then nothing was done. Throws Error (MESSAGE_REFUSED).
  bool keep(Transaction& transaction, const NewMessage& message) const {
    const auto headers = waist::fieldsOf(message.headers);
    const bulkhead_message crossing{
        sizeof(bulkhead_message),
        0,
        waist::bytes(name_),
        waist::bytes(message.key),
        waist::bytes(message.type),
        waist::bytes(message.subject),
        waist::bytes(message.tenant),
        waist::bytes(message.body),
        headers.data(),
        headers.size(),
        message.event_time ? message.event_time->time_since_epoch().count() : 0};
    std::int32_t is_new = 0;
    waist::ErrorCatcher caught;
    caught.check(
        host_->keep_message(home_, transaction.handle(), &crossing, &is_new, caught.sink()));
    return is_new != 0;
  }

  const std::string& name() const noexcept { return name_; }

 private:
  const bulkhead_host* host_;
  bulkhead_home* home_;
  std::string name_;
};

/// What stands behind Registrar::onEvent() and Registrar::inbox().
namespace detail {

template <class Handler>
inline constexpr bool kHandlesInTransaction =
    std::is_invocable_v<const Handler&, const Message&, Transaction&>;

/// The options of register_listener and register_inbox.
template <class Handler>
std::string messageOptions(const MessageOptions& options) {
  return toJson([&](JsonWriter& out) {
    out.object("transaction", kHandlesInTransaction<Handler> ? "write" : "none", "attempts",
               options.attempts);
  });
}

/// The handler as those of routes are called.
template <class Handler>
auto handling(const bulkhead_host& host, Handler handler) {
  static_assert(
      kHandlesInTransaction<Handler> || std::is_invocable_v<const Handler&, const Message&>,
      "a message's handler is void(const Message&), alone or with Transaction&");
  return [&host, handler = std::move(handler)](
             const Request& request, bulkhead_transaction* transaction, const bulkhead_response&) {
    static_cast<void>(host);  // of one without a transaction
    const Message message{request};
    if constexpr (kHandlesInTransaction<Handler>) {
      Transaction write{host, *transaction};
      handler(message, write);
    } else {
      handler(message);
    }
  };
}

}  // namespace detail
}  // namespace bulkhead
