// What a plugin has to handle: when it is looked for, and what becomes of it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "capabilities/event_carrier_members.hpp"

namespace bulkhead::host {

using namespace carrying;

namespace {

/// What the handler asks of others is asked for the message's tenant.
HttpRequest runRequest(const RegisteredRoute& handler, const inbox::Due& due) {
  HttpRequest request;
  request.method = "MESSAGE";
  request.target = request.path = handler.path;
  request.headers = {{"content-type", "application/json"}};
  request.body = "{}";
  request.path_parameters = {{"seq", std::to_string(due.seq)}};
  request.principal.tenant = due.tenant;
  request.principal.bound_to_tenants = !due.tenant.empty();
  inbox::continueTrace(request, due.trace);
  return request;
}

}  // namespace

/// Before anything is looked for: what was ignored for want of a handler comes first.
void EventCarrier::stepListening(Member& member, Time now) {
  if (member.told || member.telling || now < member.tell_at) return;
  member.telling = true;
  member.tell_at = now + kRetryFirst;
  Json handlers = Json::array();
  for (const auto& one : member.handlers) {
    const bool own = one->capability.empty();
    handlers.push_back(
        {{"source", own ? one->call : one->capability}, {"type", own ? std::string{} : one->call}});
  }
  askDesk(
      member, {{"verb", "listen"}, {"handlers", std::move(handlers)}},
      [this, id = member.id, tellings = member.tellings](const Json* answer, const std::string&) {
        Member* const found = find(id);
        if (found == nullptr) return;
        found->telling = false;
        if (answer == nullptr || found->tellings != tellings) return;
        auto heard = desk_answers::heard(*answer);
        found->heard = std::move(heard.handlers);
        found->told = !heard.more;
        found->tell_at = heard.more ? Steady::now() + kSoon : Time{};
      });
}

void EventCarrier::stepInbox(Member& member, Time now) {
  while (!member.due.empty() && member.running.size() < kRunsAtOnce) {
    const inbox::Due one = std::move(member.due.front());
    member.due.pop_front();
    if (!member.running.contains(one.seq)) handle(member, one);
  }
  const bool wanted = member.look || now >= member.look_at;
  const bool busy = member.looking || !member.due.empty() || member.running.size() >= kRunsAtOnce;
  if (!wanted || !member.told || busy) return;
  member.looking = true;
  member.look = false;
  member.look_at = now + kPoll;
  const std::int64_t limit = std::min(
      desk_answers::kDueMax, kDueAtOnce + static_cast<std::int64_t>(member.held_back.size()));
  askDesk(member, {{"verb", "agenda"}, {"limit", limit}},
          [this, id = member.id, limit](const Json* answer, const std::string&) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->looking = false;
            if (answer == nullptr) {
              found->look_at = Steady::now() + kRetryFirst;
              return;
            }
            auto agenda = desk_answers::agenda(*answer);
            const bool full = static_cast<std::int64_t>(agenda.due.size()) >= limit;
            takeAgenda(*found, std::move(agenda), full);
          });
}

/// `full`: there may be more that is due.
void EventCarrier::takeAgenda(Member& member, desk_answers::Agenda agenda, bool full) {
  const Time now = Steady::now();
  std::erase_if(member.held_back,
                [&](const auto& one) { return one.second.until + kRetryMost < now; });
  for (auto& one : agenda.due) {
    if (member.running.contains(one.seq)) continue;
    const auto held = member.held_back.find(one.seq);
    if (held != member.held_back.end() && held->second.until > now) {
      member.look_at = std::min(member.look_at, held->second.until);
      continue;
    }
    member.due.push_back(std::move(one));
  }
  member.look = member.look || (full && !member.due.empty());
  if (agenda.next_in) member.look_at = std::min(member.look_at, now + *agenda.next_in);
}

void EventCarrier::handle(Member& member, const inbox::Due& due) {
  const std::int64_t seq = due.seq;
  member.running.insert(seq);
  if (isPoison(member, seq)) return bury(member, seq, due.source);
  const std::string id = member.id;
  const Route route = member.handlerOf(due.source, due.type);
  if (!route) {  // until a version runs that listens
    return conclude(
        member, seq, due.source,
        {{"verb", "finish"}, {"seq", seq}, {"state", "ignored"}, {"outcome", "ignored"}});
  }
  submit(member.compartment, route, runRequest(*route, due), member.compartment->deadline(),
         [this, queue = queue_, id, seq, route](const MessageCall::Outcome& outcome) {
           queue->post([this, id, seq, route, outcome] { takeEnd(id, seq, route, outcome); });
         });
}

/// What a run of a message has come to.
void EventCarrier::takeEnd(const std::string& plugin, std::int64_t seq, const Route& route,
                           const MessageCall::Outcome& outcome) {
  Member* const member = find(plugin);
  if (member == nullptr) return;
  const std::string source = route->capability.empty() ? route->call : route->capability;
  if (outcome.answer && outcome.answer->status == 200) {
    member->running.erase(seq);
    return takeOutcome(*member, seq, source, outcome.answer->body);
  }
  if (outcome.deaths > 0) member->deaths[seq] += outcome.deaths;
  if (isPoison(*member, seq)) return bury(*member, seq, source);
  if (outcome.overrun) {
    return conclude(*member, seq, source,
                    {{"verb", "postpone"},
                     {"seq", seq},
                     {"error", "DEADLINE_EXCEEDED: its handler did not return in time."},
                     {"attempts_max", route->attempts_max}});
  }
  member->running.erase(seq);
  if (outcome.answer) return holdBack(*member, seq);  // it was run, and nothing written down
  member->look_at = std::min(member->look_at, Steady::now() + kRetryFirst);
}

void EventCarrier::takeOutcome(Member& member, std::int64_t seq, const std::string& source,
                               std::string_view answer) {
  std::string_view how;
  try {
    how = desk_answers::outcome(desk_answers::read(answer));
  } catch (const DeskAnswerError&) {
    return holdBack(member, seq);
  }
  if (how == "busy") {  // another generation is at it
    member.look_at = std::min(member.look_at, Steady::now() + kRetryFirst);
    return;
  }
  member.look = true;
  member.held_back.erase(seq);
  member.deaths.erase(seq);
  if (how != "gone") tell(member, source, how);
}

/// Its handler may have had its effect: it is not repeated at the pace of what rings.
void EventCarrier::holdBack(Member& member, std::int64_t seq) {
  Member::Pause& pause = member.held_back[seq];
  pause.until = Steady::now() + pause.next;
  pause.next = std::min(pause.next * 2, kRetryMost);
  member.look_at = std::min(member.look_at, pause.until);
}

bool EventCarrier::isPoison(const Member& member, std::int64_t seq) {
  const auto found = member.deaths.find(seq);
  return found != member.deaths.end() && found->second >= kDeathsMax;
}

void EventCarrier::bury(Member& member, std::int64_t seq, const std::string& source) {
  conclude(member, seq, source,
           {{"verb", "finish"},
            {"seq", seq},
            {"state", "dead"},
            {"error", "POISON: the plugin ended twice while it handled this message."},
            {"outcome", "poison"}});
}

/// Has it written down what has become of a message that did not say so itself.
void EventCarrier::conclude(Member& member, std::int64_t seq, const std::string& source,
                            const Json& request) {
  askDesk(member, request,
          [this, plugin = member.id, seq, source, told = request.value("outcome", ""),
           version = member.admitted](const Json* answer, const std::string&) {
            Member* const found = find(plugin);
            if (found == nullptr) return;
            found->running.erase(seq);
            if (told == "ignored") found->hasSetAside(version);
            if (answer == nullptr) return holdBack(*found, seq);
            const std::string_view how = told.empty() ? desk_answers::outcome(*answer) : told;
            found->look = true;  // the next one of its subject may be due
            found->held_back.erase(seq);
            found->deaths.erase(seq);
            if (how != "gone") tell(*found, source, how);
          });
}

}  // namespace bulkhead::host
