#pragma once

#include <cstdint>
#include <string_view>

#include <bulkhead/abi.h>

#include "runtime/registration.hpp"

namespace bulkhead::host {

class PluginHome;

/// The functions of the waist's table that are about events and messages.
struct MessageTable {
  static bulkhead_status registerEvents(bulkhead_home* self, bulkhead_bytes capability,
                                        const bulkhead_error_sink* error);
  static bulkhead_status publishEvent(bulkhead_home* self, bulkhead_transaction* transaction,
                                      const bulkhead_event* event, std::int32_t* is_new,
                                      const bulkhead_error_sink* error);
  static bulkhead_status registerListener(bulkhead_home* self, std::uint32_t route,
                                          bulkhead_bytes capability, bulkhead_bytes event,
                                          bulkhead_bytes options, const bulkhead_error_sink* error);
  static bulkhead_status registerInbox(bulkhead_home* self, std::uint32_t route,
                                       bulkhead_bytes inbox, bulkhead_bytes options,
                                       const bulkhead_error_sink* error);
  static bulkhead_status keepMessage(bulkhead_home* self, bulkhead_transaction* transaction,
                                     const bulkhead_message* message, std::int32_t* is_new,
                                     const bulkhead_error_sink* error);

 private:
  static void requireMessages(const PluginHome& home, std::string_view what);
  static void addHandler(PluginHome& home, RegisteredRoute handler);
};

}  // namespace bulkhead::host
