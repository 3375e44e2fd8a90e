#include "capabilities/event_carrier.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>

#include "capabilities/capability_contract.hpp"
#include "capabilities/desk_asking.hpp"
#include "capabilities/event_carrier_members.hpp"
#include "logging/log.hpp"
#include "logging/log_context.hpp"

namespace bulkhead::host {
namespace {

using namespace carrying;

std::string written(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
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
    ++member->admitted;
    member->tellAgain();
    member->look = true;
  });
}

void EventCarrier::begin(Compartments all) {
  const std::lock_guard lock{queue_->mutex};
  if (queue_->ended) return;
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
    for (const auto& plugin : rung) run([&] { hear(plugin); });
    for (const auto& task : tasks) run(task);
  }
}

void EventCarrier::run(const std::function<void()>& task) noexcept {
  try {
    task();
  } catch (const std::exception& error) {
    log(Level::Error, "messages",
        "Something of a plugin's messages is lost until it is asked again",
        {{"problem", error.what()}});
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
  for (auto& [id, member] : members_) until = std::min(until, stepGuarded(*member, now));
  for (const auto& flight : flights_) until = std::min(until, flight.give_up_at);
  return until;
}

/// What fails with one of them keeps nothing from the others.
EventCarrier::Time EventCarrier::stepGuarded(Member& member, Time now) {
  if (now < member.ill_until) return member.ill_until;
  try {
    if (!member.desk || !isOpen(*member.compartment)) return now + kPoll;
    stepMember(member, now);
    return nextStep(member, now);
  } catch (const std::exception& error) {
    LogContext context;
    context.plugin = member.id;
    const LogScope scope{context};
    log(Level::Error, "messages", "A plugin's events and messages wait",
        {{"problem", error.what()}});
    member.ill_until = now + kRetryFirst;
    return member.ill_until;
  }
}

EventCarrier::Time EventCarrier::nextStep(const Member& member, Time now) {
  Time until = now + kPoll;
  for (const Time at : {member.look_at, member.survey_at, member.sweep_at, member.poll_at,
                        member.tell_at, member.settle_at})
    if (at > now) until = std::min(until, at);
  for (const auto& carry : member.carries)
    if (carry.dirty && !carry.busy && carry.again_at > now) until = std::min(until, carry.again_at);
  return until;
}

void EventCarrier::stepMember(Member& member, Time now) {
  stepListening(member, now);
  stepInbox(member, now);
  stepOutbox(member, now);
  stepCare(member, now);
}

void EventCarrier::askDesk(const Member& member, const Json& request, Then then) {
  if (!member.desk) {  // another version, which has neither events nor messages
    post([then = std::move(then)] { then(nullptr, "NO_DESK"); });
    return;
  }
  submit(member.compartment, member.desk, deskRequest(*member.desk, written(request)),
         kDeskPatience,
         [queue = queue_, id = member.id,
          then = std::move(then)](const MessageCall::Outcome& outcome) {
           queue->post([then, id, outcome] {
             const std::string problem = outcome.refusal ? outcome.refusal->code() : "";
             if (!outcome.answer || outcome.answer->status != 200) return then(nullptr, problem);
             try {
               const Json answer = desk_answers::read(outcome.answer->body);
               then(&answer, problem);
             } catch (const std::exception& error) {  // no answer as the desk gives them
               log(Level::Warn, "messages", "A plugin's desk of messages talks nonsense",
                   {{"desk", id}, {"problem", error.what()}});
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
  try {
    if (compartment->submit(call)) return;
  } catch (const std::exception& error) {
    log(Level::Error, "messages", "A plugin could not be given its messages",
        {{"of", compartment->id()}, {"problem", error.what()}});
  }
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
  return askDeskAndWait(*compartment, desk, std::move(request), patience);
}

}  // namespace bulkhead::host
