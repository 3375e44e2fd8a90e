// The way of events: from the log of who publishes into the inboxes of who listens.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>

#include "capabilities/event_carrier_members.hpp"

namespace bulkhead::host {

using namespace carrying;

namespace {

inbox::NewRow rowOf(const std::string& provider, const std::string& capability,
                    const outbox::Event& event) {
  inbox::NewRow row;
  row.source = capability;
  row.provider = provider;
  row.key = event.id;
  row.type = event.event;
  row.subject = event.subject;
  row.tenant = event.tenant;
  row.body = event.payload;
  row.trace = event.trace;
  row.event_time_us = event.created_us;
  return row;
}

/// Why it goes no further; empty when it does.
std::string problemOf(const EventContracts& contracts, const inbox::NewRow& row) {
  if (std::string problem = inbox::problemOf(row); !problem.empty())
    return "EVENT_REFUSED: " + problem;
  try {
    contracts.check(row.source, row.type, row.body);
  } catch (const Error& error) {
    return fmt::format("{}: {}", error.code(), error.message());
  }
  return {};
}

Json messageOf(inbox::NewRow row, bool aside) {
  return {{"source", std::move(row.source)},   {"provider", std::move(row.provider)},
          {"id", std::move(row.key)},          {"event", std::move(row.type)},
          {"subject", std::move(row.subject)}, {"tenant", std::move(row.tenant)},
          {"payload", std::move(row.body)},    {"trace", std::move(row.trace)},
          {"created_us", row.event_time_us},   {"aside", aside}};
}

}  // namespace

/// Those that are enabled, and listen to it as far as is known.
void EventCarrier::stepOutbox(Member& member, Time now) {
  for (const auto& capability : member.provides) {
    for (const auto& [id, other] : members_) {
      if (!other->desk || !other->listensTo(capability)) continue;
      if (findCarry(member.id, capability, id) == nullptr) {
        member.carries.push_back({capability, id});
      }
    }
  }
  for (auto& carry : member.carries) {
    if (carry.busy || !carry.dirty || carry.again_at > now) continue;
    const Member* const consumer = find(carry.consumer);
    if (consumer == nullptr || !consumer->told || !isOpen(*consumer->compartment)) continue;
    this->carry(member, carry);
  }
}

void EventCarrier::carry(Member& member, Carry& carry) {
  carry.busy = true;
  carry.dirty = false;
  askDesk(member,
          {{"verb", "next"},
           {"capability", carry.capability},
           {"consumer", carry.consumer},
           {"expired_us", microseconds(retention_.events)}},
          [this, id = member.id, capability = carry.capability, consumer = carry.consumer](
              const Json* answer, const std::string&) {
            if (answer == nullptr) return endCarry(id, capability, consumer, true, true);
            const outbox::Page page = desk_answers::page(*answer);
            if (page.events.empty()) return endCarry(id, capability, consumer, false, false);
            keepAt(id, capability, consumer, page);
          });
}

/// From the provider's page into the consumer's inbox: only when it is durable there is the
/// provider told.
void EventCarrier::keepAt(const std::string& provider, const std::string& capability,
                          const std::string& consumer, const outbox::Page& page) {
  const Member* const from = find(provider);
  const Member* const to = find(consumer);
  if (from == nullptr || to == nullptr) return endCarry(provider, capability, consumer, true, true);
  Json messages = Json::array();
  Json dead = Json::array();
  for (const auto& event : page.events) {
    inbox::NewRow row = rowOf(provider, capability, event);
    if (std::string problem = problemOf(*from->contracts, row); !problem.empty()) {
      dead.push_back({{"seq", event.seq}, {"error", std::move(problem)}});
      continue;
    }
    const bool handled = to->handlerOf(capability, event.event) != nullptr;
    if (!handled && !to->heard.contains({capability, event.event})) continue;
    messages.push_back(messageOf(std::move(row), !handled));
  }
  Json request{{"verb", "advance"},
               {"capability", capability},
               {"consumer", consumer},
               {"seq", page.events.back().seq},
               {"dead", std::move(dead)}};
  if (messages.empty()) return advance(provider, capability, consumer, request, page.more);
  askDesk(
      *to, {{"verb", "keep"}, {"messages", std::move(messages)}},
      [this, provider, capability, consumer, request = std::move(request), more = page.more,
       sent = page.events.size(), version = to->admitted](const Json* answer, const std::string&) {
        Member* const kept = find(consumer);
        if (kept != nullptr) kept->hasSetAside(version);
        if (answer == nullptr) return endCarry(provider, capability, consumer, true, true);
        const std::size_t aside = desk_answers::aside(*answer, sent);
        if (kept != nullptr) {
          kept->look = true;
          for (std::size_t i = 0; i < aside; ++i) tell(*kept, capability, "ignored");
        }
        advance(provider, capability, consumer, request, more);
      });
}

void EventCarrier::advance(const std::string& provider, const std::string& capability,
                           const std::string& consumer, const Json& request, bool more) {
  Member* const member = find(provider);
  if (member == nullptr) return;
  askDesk(*member, request,
          [this, provider, capability, consumer, more](const Json* answer, const std::string&) {
            endCarry(provider, capability, consumer, answer == nullptr, more);
            Member* const told = find(provider);
            if (answer != nullptr && told != nullptr) told->unsettled.insert(capability);
          });
}

void EventCarrier::endCarry(const std::string& provider, const std::string& capability,
                            const std::string& consumer, bool failed, bool more) {
  Carry* const carry = findCarry(provider, capability, consumer);
  if (carry == nullptr) return;
  carry->busy = false;
  carry->dirty = carry->dirty || more;
  if (!failed) {
    carry->pause = kRetryFirst;
    return;
  }
  carry->again_at = Steady::now() + carry->pause;
  carry->pause = std::min(carry->pause * 2, kRetryMost);
}

}  // namespace bulkhead::host
