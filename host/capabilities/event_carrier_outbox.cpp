// The way of events: from the log of who publishes into the inboxes of who listens.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>

#include "capabilities/event_carrier_members.hpp"
#include "logging/log.hpp"
#include "logging/log_context.hpp"

namespace bulkhead::host {

using namespace carrying;

namespace {

std::vector<MessageFigures> figuresFrom(const Json& list) {
  std::vector<MessageFigures> all;
  for (const auto& one : list) {
    const std::chrono::microseconds oldest{one.value("oldest_us", std::int64_t{0})};
    all.push_back({one.value("source", ""), one.value("pending", std::int64_t{0}),
                   one.value("dead", std::int64_t{0}),
                   std::chrono::duration_cast<seconds>(oldest)});
  }
  return all;
}

/// "2 messages of payments/1 are dead", or nothing.
std::string complaintOf(const MessageFigures& one, std::string_view what) {
  if (one.dead > 0) return fmt::format("{} {} of {} are dead", one.dead, what, one.source);
  if (one.oldest <= kOldMax) return {};
  return fmt::format("{} {} of {} wait, the oldest for {} s", one.pending, what, one.source,
                     one.oldest.count());
}

/// What is wrong with a plugin's events and messages, as a sentence; empty for nothing.
std::string complaintOf(const PluginMessages& told) {
  std::string reason;
  const auto add = [&](const std::string& complaint) {
    if (!complaint.empty()) reason += (reason.empty() ? "" : "; ") + complaint;
  };
  for (const auto& one : told.outbox) add(complaintOf(one, "events"));
  for (const auto& one : told.inbox) add(complaintOf(one, "messages"));
  return reason.empty() ? reason : reason + ".";
}

/// Says it of the plugin, where nothing else is said.
void tellImpairment(Compartment& compartment, const std::string& complaint) {
  constexpr const char* kCode = "messages";
  const PluginStatus status = compartment.status();
  if (!status.impairment.empty() && status.impairment != kCode) return;
  if (status.impairment.empty() && complaint.empty()) return;
  compartment.setImpairment(complaint.empty() ? "" : kCode, complaint);
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
    if (consumer == nullptr || !consumer->desk || !isOpen(*consumer->compartment)) continue;
    this->carry(member, carry);
  }
}

void EventCarrier::carry(Member& member, Carry& carry) {
  carry.busy = true;
  carry.dirty = false;
  askDesk(member,
          {{"verb", "next"}, {"capability", carry.capability}, {"consumer", carry.consumer}},
          [this, id = member.id, capability = carry.capability, consumer = carry.consumer](
              const Json* page, const std::string&) {
            if (page == nullptr) return endCarry(id, capability, consumer, true, true);
            if (page->at("events").empty()) return endCarry(id, capability, consumer, false, false);
            keepAt(id, capability, consumer, *page);
          });
}

/// From the provider's page into the consumer's inbox: only when it is durable there is the
/// provider told.
void EventCarrier::keepAt(const std::string& provider, const std::string& capability,
                          const std::string& consumer, const Json& page) {
  const Member* const from = find(provider);
  const Member* const to = find(consumer);
  if (from == nullptr || to == nullptr) return endCarry(provider, capability, consumer, true, true);
  Json messages = Json::array();
  Json dead = Json::array();
  for (auto event : page.at("events")) {
    const std::string name = event.value("event", "");
    try {
      from->contracts->check(capability, name, event.value("payload", ""));
    } catch (const Error& error) {
      dead.push_back({{"seq", event.at("seq")},
                      {"error", fmt::format("{}: {}", error.code(), error.message())}});
      continue;
    }
    if (to->handlerOf(capability, name) == nullptr) continue;
    event["source"] = capability;
    messages.push_back(std::move(event));
  }
  const bool more = page.value("more", false);
  Json advance{{"consumer", consumer},
               {"seq", page.at("events").back().at("seq")},
               {"dead", std::move(dead)}};
  if (messages.empty())
    return this->advance(provider, capability, consumer, std::move(advance), more);
  askDesk(*to, {{"verb", "keep"}, {"messages", std::move(messages)}},
          [this, provider, capability, consumer, advance = std::move(advance), more](
              const Json* answer, const std::string&) {
            if (answer == nullptr) return endCarry(provider, capability, consumer, true, true);
            if (Member* const kept = find(consumer)) kept->look = true;
            this->advance(provider, capability, consumer, advance, more);
          });
}

void EventCarrier::advance(const std::string& provider, const std::string& capability,
                           const std::string& consumer, Json request, bool more) {
  Member* const member = find(provider);
  if (member == nullptr) return;
  request.update(settlement(*member, capability));
  request["verb"] = "advance";
  askDesk(*member, request,
          [this, provider, capability, consumer, more](const Json* answer, const std::string&) {
            endCarry(provider, capability, consumer, answer == nullptr, more);
            if (answer != nullptr) takeSettled(provider, capability, *answer);
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

void EventCarrier::stepCare(Member& member, Time now) {
  if (now >= member.poll_at) {
    for (auto& carry : member.carries) carry.dirty = true;
    member.poll_at = now + kPoll;
  }
  if (!member.unsettled.empty() && !member.settling) {
    const std::string capability = *member.unsettled.begin();
    member.unsettled.erase(member.unsettled.begin());
    settle(member, capability);
  }
  if (now >= member.survey_at && !member.surveying) survey(member, now);
  if (now >= member.sweep_at && !member.sweeping) sweep(member, now);
}

/// What waits, and whether somebody is still waited for.
void EventCarrier::survey(Member& member, Time now) {
  member.surveying = true;
  member.survey_at = now + kSurveyPoll;
  askDesk(member, {{"verb", "figures"}},
          [this, id = member.id](const Json* answer, const std::string&) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->surveying = false;
            if (answer == nullptr) return;
            PluginMessages told{id, figuresFrom(answer->at("outbox")),
                                figuresFrom(answer->at("inbox"))};
            for (const auto& one : told.outbox)
              if (one.pending > 0) found->unsettled.insert(one.source);
            tellImpairment(*found->compartment, complaintOf(told));
            const std::lock_guard lock{mutex_};
            figures_[id] = std::move(told);
          });
}

/// Bodies of all times are emptied once; then those of the time since the last sweeps.
void EventCarrier::sweep(Member& member, Time now) {
  member.sweeping = true;
  member.sweep_at = now + kSweepPoll;
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(3 * kSweepPoll).count();
  const std::int64_t from =
      member.emptied ? microseconds(retention_.bodies) + since : microseconds(retention_.keys) * 2;
  askDesk(member,
          {{"verb", "sweep"},
           {"from_us", from},
           {"emptied_us", microseconds(retention_.bodies)},
           {"forgotten_us", microseconds(retention_.keys)}},
          [this, id = member.id](const Json* answer, const std::string&) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->sweeping = false;
            if (answer == nullptr) return;
            found->emptied = !answer->value("more", false);
            if (!found->emptied) found->sweep_at = Steady::now() + kSoon;
          });
}

/// Who is waited for: those that are enabled and, as far as is known, listen. Of a plugin whose
/// file cannot be read nobody knows what it wants: if it has got events before, they wait.
EventCarrier::Json EventCarrier::settlement(Member& member, const std::string& capability) {
  std::vector<std::string> consumers;
  std::vector<std::string> unsure;
  for (const auto& compartment : all_()) {
    const PluginStatus status = compartment->status();
    if (status.state == PluginState::Disabled) continue;
    if (status.version.empty()) unsure.push_back(status.id);
    if (!status.capabilities.wants.contains(capability)) continue;
    const Member* const known = find(status.id);
    if (known == nullptr || known->listensTo(capability)) consumers.push_back(status.id);
  }
  std::erase_if(member.carries, [&](const Carry& carry) {
    return carry.capability == capability && !carry.busy &&
           std::find(consumers.begin(), consumers.end(), carry.consumer) == consumers.end();
  });
  return {{"capability", capability},
          {"consumers", std::move(consumers)},
          {"unsure", std::move(unsure)},
          {"expired_us", microseconds(retention_.events)}};
}

void EventCarrier::settle(Member& member, const std::string& capability) {
  Json request = settlement(member, capability);
  request["verb"] = "settle";
  member.settling = true;
  askDesk(member, request,
          [this, id = member.id, capability](const Json* answer, const std::string&) {
            if (Member* const found = find(id)) found->settling = false;
            if (answer != nullptr) takeSettled(id, capability, *answer);
          });
}

void EventCarrier::takeSettled(const std::string& plugin, const std::string& capability,
                               const Json& answer) {
  Member* const member = find(plugin);
  if (member == nullptr) return;
  if (answer.value("more", false)) member->unsettled.insert(capability);
  const auto died = answer.value("died", std::int64_t{0});
  if (died == 0) return;
  LogContext context;
  context.plugin = plugin;
  const LogScope scope{context};
  log(Level::Error, "messages", "Events were kept for too long and go no further",
      {{"capability", capability}, {"events", died}});
}

}  // namespace bulkhead::host
