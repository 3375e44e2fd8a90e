// What is done for a plugin's store now and then: what all have goes, what is old goes, and
// operators are told what waits.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "capabilities/event_carrier_members.hpp"
#include "logging/log.hpp"
#include "logging/log_context.hpp"

namespace bulkhead::host {

using namespace carrying;

namespace {

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

void EventCarrier::stepCare(Member& member, Time now) {
  if (now >= member.poll_at) {
    for (auto& carry : member.carries) carry.dirty = true;
    member.poll_at = now + kPoll;
  }
  if (!member.unsettled.empty() && !member.settling && now >= member.settle_at) {
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
            if (answer != nullptr) takeFigures(*found, desk_answers::figures(*answer));
          });
}

void EventCarrier::takeFigures(Member& member, desk_answers::Figures figures) {
  PluginMessages told{member.id, std::move(figures.outbox), std::move(figures.inbox)};
  for (const auto& one : told.outbox)
    if (one.pending > 0) member.unsettled.insert(one.source);
  tellImpairment(*member.compartment, complaintOf(told));
  const std::lock_guard lock{mutex_};
  figures_[member.id] = std::move(told);
}

void EventCarrier::sweep(Member& member, Time now) {
  member.sweeping = true;
  member.sweep_at = now + kSweepPoll;
  askDesk(member,
          {{"verb", "sweep"},
           {"emptied_us", microseconds(retention_.bodies)},
           {"forgotten_us", microseconds(retention_.keys)}},
          [this, id = member.id](const Json* answer, const std::string&) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->sweeping = false;
            if (answer != nullptr && desk_answers::flag(*answer, "more"))
              found->sweep_at = Steady::now() + kSoon;
          });
}

/// Who is waited for: those that are enabled and listen, or did in an earlier version. Of a plugin
/// that has not said so yet nobody knows that: if it has got events before, they wait.
EventCarrier::Json EventCarrier::settlement(Member& member, const std::string& capability) {
  std::vector<std::string> consumers;
  std::vector<std::string> unsure;
  for (const auto& compartment : all_()) {
    const PluginStatus status = compartment->status();
    if (status.state == PluginState::Disabled) continue;
    const Member* const known = find(status.id);
    if (known == nullptr ? status.capabilities.wants.contains(capability)
                         : known->listensTo(capability)) {
      consumers.push_back(status.id);
    } else if (known == nullptr || !known->told) {
      unsure.push_back(status.id);
    }
  }
  const auto contains = [](const std::vector<std::string>& list, const std::string& plugin) {
    return std::find(list.begin(), list.end(), plugin) != list.end();
  };
  std::erase_if(member.carries, [&](const Carry& carry) {
    return carry.capability == capability && !carry.busy && !contains(consumers, carry.consumer) &&
           !contains(unsure, carry.consumer);
  });
  return {{"verb", "settle"},
          {"capability", capability},
          {"consumers", std::move(consumers)},
          {"unsure", std::move(unsure)},
          {"expired_us", microseconds(retention_.events)}};
}

/// First the last event, then who is waited for: what is published after somebody was enabled has a
/// higher number, and is not touched by those who did not know of it.
void EventCarrier::settle(Member& member, const std::string& capability) {
  member.settling = true;
  askDesk(member, {{"verb", "mark"}, {"capability", capability}},
          [this, id = member.id, capability](const Json* answer, const std::string&) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->settling = false;
            if (answer == nullptr) return;
            const std::int64_t last = desk_answers::last(*answer);
            if (last > 0) settleThrough(*found, capability, last);
          });
}

void EventCarrier::settleThrough(Member& member, const std::string& capability,
                                 std::int64_t through) {
  Json request = settlement(member, capability);
  request["through"] = through;
  member.settling = true;
  askDesk(member, request,
          [this, id = member.id, capability](const Json* answer, const std::string&) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->settling = false;
            if (answer != nullptr) takeSettled(*found, capability, desk_answers::settled(*answer));
          });
}

void EventCarrier::takeSettled(Member& member, const std::string& capability,
                               const desk_answers::Settled& settled) {
  if (settled.more) {
    member.unsettled.insert(capability);
    member.settle_at = Steady::now() + kSoon;
  }
  if (settled.died == 0) return;
  LogContext context;
  context.plugin = member.id;
  const LogScope scope{context};
  log(Level::Error, "messages", "Events were kept for too long and go no further",
      {{"capability", capability}, {"events", settled.died}});
}

}  // namespace bulkhead::host
