#include "capabilities/event_carrier.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <future>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>

#include "capabilities/capability_contract.hpp"
#include "capabilities/event_carrier_members.hpp"
#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

using namespace carrying;

std::string written(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HttpRequest deskRequest(const RegisteredRoute& desk, std::string body) {
  HttpRequest request;
  request.method = "DESK";
  request.target = request.path = desk.path;
  request.headers = {{"content-type", "application/json"}};
  request.body = std::move(body);
  return request;
}

/// What the handler asks of others is asked for the message's tenant.
HttpRequest runRequest(const RegisteredRoute& handler, const inbox::Due& due) {
  HttpRequest request = deskRequest(handler, "{}");
  request.method = "MESSAGE";
  request.path_parameters = {{"seq", std::to_string(due.seq)}};
  request.principal.tenant = due.tenant;
  request.principal.bound_to_tenants = !due.tenant.empty();
  inbox::continueTrace(request, due.trace);
  return request;
}

}  // namespace

EventCarrier::EventCarrier(MessageRetention retention, Record record)
    : retention_{retention}, record_{std::move(record)}, queue_{std::make_shared<Queue>()} {}

EventCarrier::~EventCarrier() {
  end();
}

void EventCarrier::admit(const std::shared_ptr<Compartment>& compartment, const Home& home) {
  Member taken;
  taken.id = compartment->id();
  taken.compartment = compartment;
  taken.provides = home.capabilities().provides;
  taken.contracts = eventContracts(home.capabilities().contracts);
  for (const auto& route : home.routes()) {
    if (route->kind == EntryKind::Desk) taken.desk = route;
    if (route->kind == EntryKind::Event) taken.handlers.push_back(route);
  }
  {
    const std::lock_guard lock{mutex_};
    known_[taken.id] = {compartment, taken.desk, taken.handlers};
    if (!taken.desk) figures_.erase(taken.id);
  }
  post([this, taken = std::make_shared<Member>(std::move(taken))] {
    auto& member = members_[taken->id];
    if (!member) {
      member = std::make_unique<Member>(std::move(*taken));
      return;
    }
    member->compartment = taken->compartment;
    member->desk = taken->desk;
    member->handlers = taken->handlers;
    member->provides = taken->provides;
    member->contracts = taken->contracts;
    member->look = true;
  });
}

void EventCarrier::begin(Compartments all) {
  all_ = std::move(all);
  thread_ = std::thread{[this] { live(); }};
  pthread_setname_np(thread_.native_handle(), "carrier");
}

void EventCarrier::end() {
  {
    const std::lock_guard lock{queue_->mutex};
    queue_->ended = true;
    queue_->moved.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void EventCarrier::post(std::function<void()> task) noexcept {
  queue_->post(std::move(task));
}

void EventCarrier::ring(std::string_view plugin) noexcept {
  try {
    const std::lock_guard lock{queue_->mutex};
    if (queue_->rung.emplace(plugin).second) queue_->moved.notify_all();
  } catch (const std::exception&) {  // no memory: the next look finds it
  }
}

/// However often it rang meanwhile.
void EventCarrier::hear(const std::string& plugin) {
  for (auto& [name, member] : members_) {
    if (name == plugin) {
      member->look = true;
      if (member->carries.empty())  // nobody listens
        member->unsettled.insert(member->provides.begin(), member->provides.end());
    }
    for (auto& carry : member->carries) {
      if (name != plugin && carry.consumer != plugin) continue;
      carry.dirty = true;
      if (carry.consumer == plugin) carry.again_at = {};
    }
  }
}

void EventCarrier::live() {
  for (;;) {
    Time until = Steady::now() + kSoon;
    try {
      until = step();
    } catch (const std::exception& error) {
      log(Level::Error, "messages", "Events and messages wait", {{"problem", error.what()}});
      until = Steady::now() + kRetryFirst;
    }
    std::unique_lock lock{queue_->mutex};
    queue_->moved.wait_until(lock, until, [this] {
      return queue_->ended || !queue_->tasks.empty() || !queue_->rung.empty();
    });
    if (queue_->ended) return;
    const auto tasks = std::exchange(queue_->tasks, {});
    const auto rung = std::exchange(queue_->rung, {});
    lock.unlock();
    for (const auto& plugin : rung) hear(plugin);
    for (const auto& task : tasks) {
      try {
        task();
      } catch (const std::exception& error) {  // an answer that cannot be read
        log(Level::Error, "messages",
            "Something of a plugin's messages is lost until it is asked again",
            {{"problem", error.what()}});
      }
    }
  }
}

/// Begins what can be begun; returns when to look again.
EventCarrier::Time EventCarrier::step() {
  const Time now = Steady::now();
  for (const auto& flight : flights_) {
    const auto call = now >= flight.give_up_at ? flight.call.lock() : nullptr;
    if (call) call->giveUp();
  }
  std::erase_if(flights_, [&](const Flight& flight) {
    return now >= flight.give_up_at || flight.call.expired();
  });
  Time until = now + kPoll;
  for (auto& [id, member] : members_) {
    if (!member->desk) continue;
    if (!isOpen(*member->compartment)) continue;
    stepMember(*member, now);
    for (const Time at : {member->look_at, member->survey_at, member->sweep_at, member->poll_at})
      if (at > now) until = std::min(until, at);
    for (const auto& carry : member->carries)
      if (carry.dirty && !carry.busy && carry.again_at > now)
        until = std::min(until, carry.again_at);
  }
  for (const auto& flight : flights_) until = std::min(until, flight.give_up_at);
  return until;
}

void EventCarrier::stepMember(Member& member, Time now) {
  stepInbox(member, now);
  stepOutbox(member, now);
  stepCare(member, now);
}

void EventCarrier::stepInbox(Member& member, Time now) {
  while (!member.due.empty() && member.running.size() < kRunsAtOnce) {
    const inbox::Due one = std::move(member.due.front());
    member.due.pop_front();
    if (!member.running.contains(one.seq)) handle(member, one);
  }
  const bool wanted = member.look || now >= member.look_at;
  if (!wanted || member.looking || !member.due.empty() || member.running.size() >= kRunsAtOnce)
    return;
  member.looking = true;
  member.look = false;
  member.look_at = now + kPoll;
  askDesk(member, {{"verb", "agenda"}, {"limit", kDueAtOnce}},
          [this, id = member.id](const Json* answer, const std::string&) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->looking = false;
            if (answer == nullptr) {
              found->look_at = Steady::now() + kRetryFirst;
              return;
            }
            const auto& due = answer->at("due");
            for (const auto& one : due) {
              const auto seq = one.at("seq").get<std::int64_t>();
              if (!found->running.contains(seq))
                found->due.push_back(
                    {seq, one.at("source").get<std::string>(), one.at("type").get<std::string>(),
                     one.value("tenant", std::string{}), one.value("trace", std::string{})});
            }
            if (static_cast<std::int64_t>(due.size()) >= kDueAtOnce) found->look = true;
            const auto next = answer->at("next_in_us").get<std::int64_t>();
            const auto wait = std::chrono::ceil<milliseconds>(std::chrono::microseconds{next});
            if (next >= 0) found->look_at = std::min(found->look_at, Steady::now() + wait);
          });
}

void EventCarrier::handle(Member& member, const inbox::Due& due) {
  const std::int64_t seq = due.seq;
  member.running.insert(seq);
  if (isPoison(member, seq)) return bury(member, seq, due.source);
  const std::string id = member.id;
  const Route route = member.handlerOf(due.source, due.type);
  if (!route) {  // a version that listened no longer runs
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
    const Json end = Json::parse(outcome.answer->body, nullptr, false);
    const std::string how = end.is_object() ? end.value("outcome", "") : "";
    member->look = true;
    if (how == "busy") member->look_at = Steady::now() + kRetryFirst, member->look = false;
    if (how != "gone" && how != "busy") tell(*member, source, how);
    member->deaths.erase(seq);
    return;
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
  member->running.erase(seq);  // it was not tried, or has to be tried again
  member->look_at = std::min(member->look_at, Steady::now() + kRetryFirst);
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
          [this, plugin = member.id, seq, source, told = request.value("outcome", "")](
              const Json* answer, const std::string&) {
            Member* const found = find(plugin);
            if (found == nullptr) return;
            found->running.erase(seq);
            found->look_at = std::min(found->look_at, Steady::now() + kRetryFirst);
            if (answer == nullptr) return;
            found->look = true;  // the next one of its subject may be due
            found->deaths.erase(seq);
            tell(*found, source, answer->value("outcome", told));
          });
}

void EventCarrier::askDesk(const Member& member, const Json& request, Then then) {
  if (!member.desk) {  // another version, which has neither events nor messages
    post([then = std::move(then)] { then(nullptr, "NO_DESK"); });
    return;
  }
  submit(member.compartment, member.desk, deskRequest(*member.desk, written(request)),
         kDeskPatience,
         [queue = queue_, then = std::move(then)](const MessageCall::Outcome& outcome) {
           queue->post([then, outcome] {
             Json answer;
             if (outcome.answer && outcome.answer->status == 200)
               answer = Json::parse(outcome.answer->body, nullptr, false);
             const std::string problem = outcome.refusal ? outcome.refusal->code() : "";
             try {
               then(answer.is_object() ? &answer : nullptr, problem);
             } catch (const Json::exception&) {  // no answer as the desk gives them
               then(nullptr, "DESK_ANSWER");
             }
           });
         });
}

void EventCarrier::submit(const std::shared_ptr<Compartment>& compartment, Route route,
                          HttpRequest request, milliseconds patience,
                          std::function<void(MessageCall::Outcome)> done) {
  const Time deadline = Steady::now() + patience;
  const auto call = std::make_shared<MessageCall>(std::move(route), deadline, std::move(request),
                                                  std::move(done));
  flights_.push_back({call, deadline + kLatePatience});
  if (compartment->submit(call)) return;
  call->refuse(Error::app("PLUGIN_UNAVAILABLE", "It takes no more messages at this moment."));
}

EventCarrier::Member* EventCarrier::find(const std::string& plugin) {
  const auto found = members_.find(plugin);
  return found == members_.end() ? nullptr : found->second.get();
}

EventCarrier::Carry* EventCarrier::findCarry(const std::string& provider,
                                             const std::string& capability,
                                             const std::string& consumer) {
  Member* const member = find(provider);
  if (member == nullptr) return nullptr;
  for (auto& carry : member->carries) {
    if (carry.capability == capability && carry.consumer == consumer) return &carry;
  }
  return nullptr;
}

void EventCarrier::tell(Member& member, std::string_view source, std::string_view outcome) const {
  if (outcome == "dead" || outcome == "poison") member.survey_at = {};
  if (record_) record_(member.id, source, outcome);
}

std::vector<std::string> EventCarrier::listens(const std::string& plugin,
                                               std::string_view capability) const {
  std::vector<std::string> events;
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(plugin);
  if (found == known_.end()) return events;
  for (const auto& handler : found->second.handlers) {
    if (handler->capability == capability) events.push_back(handler->call);
  }
  return events;
}

std::vector<PluginMessages> EventCarrier::figures() const {
  std::vector<PluginMessages> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [plugin, figures] : figures_) all.push_back(figures);
  return all;
}

std::string EventCarrier::ask(const std::string& plugin, std::string request,
                              milliseconds patience) {
  std::shared_ptr<Compartment> compartment;
  Route desk;
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = known_.find(plugin); found != known_.end()) {
      compartment = found->second.compartment;
      desk = found->second.desk;
    }
  }
  if (!desk) {
    throw Error::notFound("NOT_FOUND",
                          fmt::format("No plugin '{}' has events or messages.", plugin));
  }
  const auto answered = std::make_shared<std::promise<MessageCall::Outcome>>();
  auto outcome = answered->get_future();
  const Time deadline = Steady::now() + patience;
  const auto call = std::make_shared<MessageCall>(
      desk, deadline, deskRequest(*desk, std::move(request)),
      [answered](MessageCall::Outcome end) { answered->set_value(std::move(end)); });
  if (!compartment->submit(call)) {
    throw Error::app("PLUGIN_UNAVAILABLE", fmt::format("The service '{}' is closed.", plugin))
        .withRetryAfter(5);
  }
  if (outcome.wait_until(deadline) != std::future_status::ready) call->giveUp();
  MessageCall::Outcome end = outcome.get();
  if (end.refusal) throw Error{*end.refusal};
  if (end.answer && end.answer->status == 200) return end.answer->body;
  throw Error::app("PLUGIN_UNAVAILABLE",
                   fmt::format("The service '{}' did not say in time.", plugin))
      .withRetryAfter(5);
}

}  // namespace bulkhead::host
