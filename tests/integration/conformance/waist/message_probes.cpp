// Events that are published, and messages that are kept.
#include <array>
#include <cstdint>
#include <string_view>

#include "probe.hpp"

namespace conformance {
namespace {

bulkhead_event eventOf(std::string_view capability, std::string_view name, std::string_view payload,
                       std::string_view key = {}) {
  return {sizeof(bulkhead_event), 0,           bytes(capability), bytes(name),
          bytes(payload),         bytes("t1"), bytes("subject"),  bytes(key)};
}

bulkhead_message messageOf(std::string_view inbox, std::string_view key) {
  static constexpr std::string_view kName = "x-kind";
  static const std::array<bulkhead_field, 1> kHeaders{{{bytes(kName), bytes("slip")}}};
  return {sizeof(bulkhead_message),
          0,
          bytes(inbox),
          bytes(key),
          bytes("type"),
          bytes("subject"),
          bytes("t1"),
          bytes("body"),
          kHeaders.data(),
          kHeaders.size(),
          1'000'000};
}

/// How one of them ends in a transaction of its own, and whether it was new.
template <class Function, class What>
void tryOne(const Call& call, Told& told, std::string_view step, Function function, What what,
            decltype(bulkhead_host::db_read) verb) {
  std::int32_t is_new = -1;
  told.ends(step, [&](const bulkhead_error_sink* error) {
    return transact(
        call, verb, call.context,
        [&](bulkhead_transaction* transaction, const bulkhead_error_sink* sink) {
          return function(call.home, transaction, &what, &is_new, sink);
        },
        error);
  });
  told.tell("new_" + std::string{step}, is_new);
}

}  // namespace

void probeMessages(const Call& call, Told& told) {
  const auto publish = call.host.publish_event;
  const auto keep = call.host.keep_message;
  const auto write = call.host.db_write;
  tryOne(call, told, "published", publish, eventOf("mirror/1", "seen", "{}"), write);
  tryOne(call, told, "keyed", publish, eventOf("mirror/1", "seen", "{}", "once"), write);
  tryOne(call, told, "keyed_again", publish, eventOf("mirror/1", "seen", "{}", "once"), write);
  tryOne(call, told, "unknown_event", publish, eventOf("mirror/1", "heard", "{}"), write);
  tryOne(call, told, "against_contract", publish, eventOf("mirror/1", "seen", "[]"), write);
  tryOne(call, told, "of_others", publish, eventOf("mirror/2", "seen", "{}"), write);
  tryOne(call, told, "published_in_read", publish, eventOf("mirror/1", "seen", "{}"),
         call.host.db_read);
  tryOne(call, told, "kept", keep, messageOf("slips", "one"), write);
  tryOne(call, told, "kept_again", keep, messageOf("slips", "one"), write);
  tryOne(call, told, "without_key", keep, messageOf("slips", ""), write);
  tryOne(call, told, "unknown_inbox", keep, messageOf("nowhere", "one"), write);
  bulkhead_event short_event = eventOf("mirror/1", "seen", "{}");
  short_event.size -= 1;
  tryOne(call, told, "short_event", publish, short_event, write);
  bulkhead_message short_message = messageOf("slips", "two");
  short_message.size -= 1;
  tryOne(call, told, "short_message", keep, short_message, write);
  told.ends("without_transaction", [&](const bulkhead_error_sink* error) {
    const bulkhead_event event = eventOf("mirror/1", "seen", "{}");
    return publish(call.home, nullptr, &event, nullptr, error);
  });
}

}  // namespace conformance
