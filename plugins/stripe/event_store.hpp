#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "event.hpp"

namespace stripe {

/// A stored event as it is listed, newest first.
struct StoredEvent {
  Event event;
  std::int64_t received_us = 0;
};

/// Stores what is listed of the event unless its id is there already. True when it is new. Its text
/// is the inbox's.
bool storeEvent(bulkhead::Transaction& transaction, const Event& event, std::int64_t received_us);

/// At most `limit` events, newest first, that stand behind the event `before` in this order; the
/// newest of all when it is empty. Throws bulkhead::Error (400 VALIDATION_ERROR) when there is no
/// such event.
std::vector<StoredEvent> listEvents(bulkhead::ReadTransaction& transaction, std::string_view before,
                                    std::int64_t limit);

}  // namespace stripe
