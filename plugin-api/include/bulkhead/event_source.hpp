#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/transaction.hpp>
#include <bulkhead/waist.hpp>

namespace bulkhead {

/// What an event says beside its payload.
struct EventDetails {
  std::string_view tenant = {};  ///< whom it concerns
  /// Those of one subject are handled in their order, one after the other: the payment, the
  /// account. Others in any order.
  std::string_view subject = {};
  /// The event is published once for a key, whoever tries again and when: the id of the vendor's
  /// own event. Empty: each publish is an event. At most 200 bytes.
  std::string_view key = {};
};

/// The events of a capability that the plugin provides. Cheap to copy; for any thread that the host
/// called in on.
class EventSource {
 public:
  EventSource(const bulkhead_host& host, bulkhead_home& home, std::string capability)
      : host_{&host}, home_{&home}, capability_{std::move(capability)} {}

  /// Publishes with the transaction: when that commits, every plugin that listens gets it, at least
  /// once, also one that is closed at the moment; when it does not, nobody does. `payload` is JSON
  /// text by the capability's contract, at most 256 KiB. False when it was published before, by its
  /// key. Throws Error (EVENT_REFUSED).
  bool publish(Transaction& transaction, std::string_view event, std::string_view payload,
               const EventDetails& details = {}) const {
    const bulkhead_event crossing{sizeof(bulkhead_event),        0,
                                  waist::bytes(capability_),     waist::bytes(event),
                                  waist::bytes(payload),         waist::bytes(details.tenant),
                                  waist::bytes(details.subject), waist::bytes(details.key)};
    std::int32_t is_new = 0;
    waist::ErrorCatcher caught;
    caught.check(
        host_->publish_event(home_, transaction.handle(), &crossing, &is_new, caught.sink()));
    return is_new != 0;
  }

  const std::string& capability() const noexcept { return capability_; }

 private:
  const bulkhead_host* host_;
  bulkhead_home* home_;
  std::string capability_;
};

}  // namespace bulkhead
