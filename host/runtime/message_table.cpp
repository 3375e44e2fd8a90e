#include "runtime/message_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/waist.hpp>

#include "runtime/host_table.hpp"
#include "runtime/inbox.hpp"
#include "runtime/outbox.hpp"
#include "runtime/plugin_home.hpp"
#include "runtime/registering.hpp"

namespace bulkhead::host {

using waist::guarded;
using waist::view;

namespace {

template <class Crossing>
void requireWhole(const Crossing& crossing, const bulkhead_transaction* transaction) {
  if (crossing.size < sizeof crossing)
    throw Error::configuration("ABI_MISMATCH", "The struct is shorter than one of version 1.4.");
  if (transaction == nullptr || !transaction->transaction.writable())
    throw Error::app("NO_TRANSACTION",
                     "Events are published, and messages kept, in a transaction that writes.");
}

}  // namespace

void MessageTable::requireMessages(const PluginHome& home, std::string_view what) {
  if (home.options_.has_store) return;
  throw Error::configuration(
      "MESSAGES_REFUSED",
      fmt::format("{}: events and messages live in the plugin's store, and plugin.json says "
                  "\"store\": false.",
                  what));
}

void MessageTable::addHandler(PluginHome& home, RegisteredRoute handler) {
  requireMessages(home, handler.path);
  if (home.routes_.size() >= kRoutesMax)
    throw Error::configuration("TOO_MANY_ROUTES", "A plugin registers at most 1000 routes.");
  const bool twice =
      std::any_of(home.routes_.begin(), home.routes_.end(), [&](const auto& present) {
        return present->kind == EntryKind::Event && present->path == handler.path;
      });
  if (twice)
    throw Error::configuration("MESSAGES_REFUSED",
                               fmt::format("{} has two handlers.", handler.path));
  home.routes_.push_back(std::make_shared<const RegisteredRoute>(std::move(handler)));
  home.addMessageDesk();
}

bulkhead_status MessageTable::registerEvents(bulkhead_home* self, bulkhead_bytes capability,
                                             const bulkhead_error_sink* error) {
  return Registering::run(self, error, [&](PluginHome& home) {
    const auto& provides = home.options_.capabilities.provides;
    if (std::find(provides.begin(), provides.end(), view(capability)) == provides.end()) {
      throw Error::configuration(
          "EVENTS_REFUSED",
          fmt::format("plugin.json does not say that it provides '{}', whose events it "
                      "publishes.",
                      view(capability)));
    }
    requireMessages(home, fmt::format("the events of {}", view(capability)));
    home.published_.emplace(view(capability));
    home.addMessageDesk();
  });
}

bulkhead_status MessageTable::registerListener(bulkhead_home* self, std::uint32_t route,
                                               bulkhead_bytes capability, bulkhead_bytes event,
                                               bulkhead_bytes options,
                                               const bulkhead_error_sink* error) {
  return Registering::run(self, error, [&](PluginHome& home) {
    if (!home.options_.capabilities.wants.contains(std::string{view(capability)})) {
      throw Error::configuration(
          "MESSAGES_REFUSED",
          fmt::format("plugin.json does not want '{}', whose event {} it listens to.",
                      view(capability), view(event)));
    }
    addHandler(home, messageHandler(route, view(capability), view(event), view(options)));
  });
}

bulkhead_status MessageTable::registerInbox(bulkhead_home* self, std::uint32_t route,
                                            bulkhead_bytes inbox, bulkhead_bytes options,
                                            const bulkhead_error_sink* error) {
  return Registering::run(self, error, [&](PluginHome& home) {
    addHandler(home, messageHandler(route, {}, view(inbox), view(options)));
  });
}

bulkhead_status MessageTable::publishEvent(bulkhead_home* self, bulkhead_transaction* transaction,
                                           const bulkhead_event* event, std::int32_t* is_new,
                                           const bulkhead_error_sink* error) {
  return guarded(error, [&] {
    requireWhole(*event, transaction);
    const bool fresh = self->home.publish({view(event->capability),
                                           view(event->event),
                                           view(event->payload),
                                           view(event->tenant),
                                           view(event->subject),
                                           view(event->key),
                                           {}},
                                          *transaction);
    if (is_new != nullptr) *is_new = fresh ? 1 : 0;
  });
}

bulkhead_status MessageTable::keepMessage(bulkhead_home* self, bulkhead_transaction* transaction,
                                          const bulkhead_message* message, std::int32_t* is_new,
                                          const bulkhead_error_sink* error) {
  return guarded(error, [&] {
    requireWhole(*message, transaction);
    inbox::NewRow row;
    row.source = view(message->inbox);
    row.key = view(message->key);
    row.type = view(message->type);
    row.subject = view(message->subject);
    row.tenant = view(message->tenant);
    row.body = view(message->body);
    row.event_time_us = message->event_time_us;
    for (std::size_t i = 0; i < message->header_count; ++i)
      row.headers.emplace_back(view(message->headers[i].name), view(message->headers[i].value));
    const bool fresh = self->home.keep(std::move(row), *transaction);
    if (is_new != nullptr) *is_new = fresh ? 1 : 0;
  });
}

}  // namespace bulkhead::host
