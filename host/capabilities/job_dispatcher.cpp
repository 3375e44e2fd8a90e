#include "capabilities/job_dispatcher.hpp"

#include <exception>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <pthread.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "capabilities/desk_answers.hpp"
#include "capabilities/desk_asking.hpp"
#include "capabilities/job_dispatcher_members.hpp"
#include "logging/log.hpp"
#include "logging/log_context.hpp"
#include "runtime/services.hpp"

namespace bulkhead::host {
namespace {

using namespace dispatching;

std::string written(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string newInstance() {
  std::uint64_t random = 0;
  SystemRandomness{}.fill(&random, sizeof random);
  return fmt::format("{:016x}", random);
}

bool isOpen(const Compartment& compartment) {
  const PluginState state = compartment.status().state;
  return state == PluginState::Running || state == PluginState::Hung;
}

void logOf(const std::string& plugin, std::string_view words, const char* problem) {
  LogContext context;
  context.plugin = plugin;
  const LogScope scope{context};
  log(Level::Error, "jobs", words, {{"problem", problem}});
}

}  // namespace

JobDispatcher::JobDispatcher(JobRetention retention, Record record)
    : retention_{retention},
      record_{std::move(record)},
      instance_{newInstance()},
      mailbox_{std::make_shared<Mailbox>()} {}

JobDispatcher::~JobDispatcher() {
  end();
}

void JobDispatcher::admit(const std::shared_ptr<Compartment>& compartment, const Home& home) {
  Member taken;
  taken.id = compartment->id();
  taken.compartment = compartment;
  PluginJobs told{taken.id, {}, {}, {}, false};
  for (const auto& route : home.routes()) {
    if (route->kind == EntryKind::JobDesk) taken.desk = route;
    if (route->kind != EntryKind::Job) continue;
    taken.queues.push_back(route);
    told.queues.push_back(route->call);
  }
  {
    const std::lock_guard lock{mutex_};
    Known& known = known_[taken.id];
    known.compartment = compartment;
    known.desk = taken.desk;
    known.told.plugin = taken.id;
    known.told.queues = std::move(told.queues);
  }
  mailbox_->post([this, taken = std::make_shared<Member>(std::move(taken))] {
    auto& member = members_[taken->id];
    if (!member) member = std::make_unique<Member>();
    member->id = taken->id;
    member->compartment = taken->compartment;
    member->desk = taken->desk;
    member->queues = taken->queues;
    member->wanted = true;
  });
}

void JobDispatcher::begin() {
  const std::lock_guard lock{mailbox_->mutex};
  if (mailbox_->ended || thread_.joinable()) return;
  thread_ = std::thread{[this] { live(); }};
  pthread_setname_np(thread_.native_handle(), "jobs");
}

void JobDispatcher::end() {
  {
    const std::lock_guard lock{mailbox_->mutex};
    mailbox_->ended = true;
    mailbox_->moved.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void JobDispatcher::ring(std::string_view plugin) noexcept {
  try {
    const std::lock_guard lock{mailbox_->mutex};
    if (mailbox_->rung.emplace(plugin).second) mailbox_->moved.notify_all();
  } catch (const std::exception&) {  // no memory: the next look finds it
  }
}

void JobDispatcher::live() {
  for (;;) {
    Time until = Steady::now() + kRetry;
    run([&] { until = step(); });
    std::unique_lock lock{mailbox_->mutex};
    mailbox_->moved.wait_until(lock, until, [this] {
      return mailbox_->ended || !mailbox_->tasks.empty() || !mailbox_->rung.empty();
    });
    if (mailbox_->ended) return;
    const auto tasks = std::exchange(mailbox_->tasks, {});
    const auto rung = std::exchange(mailbox_->rung, {});
    lock.unlock();
    for (const auto& plugin : rung) {
      if (Member* const member = find(plugin)) member->wanted = true;
    }
    for (const auto& task : tasks) run(task);
  }
}

void JobDispatcher::run(const std::function<void()>& task) noexcept {
  try {
    task();
  } catch (const std::exception& error) {
    log(Level::Error, "jobs", "Jobs wait until they are looked for again",
        {{"problem", error.what()}});
  }
}

/// Begins what can be begun; returns when to look again.
JobDispatcher::Time JobDispatcher::step() {
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
JobDispatcher::Time JobDispatcher::stepGuarded(Member& member, Time now) {
  if (now < member.ill_until) return member.ill_until;
  try {
    const bool open = member.desk && isOpen(*member.compartment);
    {
      const std::lock_guard lock{mutex_};
      known_[member.id].told.runs = open;
    }
    if (!open) return now + kPoll;
    stepMember(member, now);
  } catch (const std::exception& error) {
    logOf(member.id, "A plugin's jobs wait", error.what());
    return member.ill_until = now + kRetry;
  }
  Time until = now + kPoll;
  for (const Time at : {member.look_at, member.survey_at, member.sweep_at, member.say_at})
    if (at > now) until = std::min(until, at);
  return until;
}

void JobDispatcher::stepMember(Member& member, Time now) {
  if (!member.unsaid.empty() && !member.saying && now >= member.say_at) tellLost(member);
  runDue(member);
  if ((member.wanted || now >= member.look_at) && !member.looking) look(member, now);
  if (now >= member.survey_at && !member.surveying) survey(member, now);
  if (now >= member.sweep_at && !member.sweeping) sweep(member, now);
}

void JobDispatcher::survey(Member& member, Time now) {
  member.surveying = true;
  member.survey_at = now + kSurveyPoll;
  askDesk(member, {{"verb", "figures"}}, [this, id = member.id](const Json* answer) {
    Member* const found = find(id);
    if (found == nullptr) return;
    found->surveying = false;
    if (answer == nullptr) return;
    auto figures = job_answers::figures(*answer);
    std::erase_if(figures.figures, [&](const JobFigure& one) { return !found->has(one.queue); });
    const std::lock_guard lock{mutex_};
    PluginJobs& told = known_[id].told;
    told.figures = std::move(figures.figures);
    told.paused = std::move(figures.paused);
  });
}

void JobDispatcher::sweep(Member& member, Time now) {
  const auto microseconds = [](milliseconds age) {
    return std::chrono::duration_cast<std::chrono::microseconds>(age).count();
  };
  member.sweeping = true;
  member.sweep_at = now + kSweepPoll;
  askDesk(member,
          {{"verb", "sweep"},
           {"finished_us", microseconds(retention_.finished)},
           {"dead_us", microseconds(retention_.dead)}},
          [this, id = member.id](const Json* answer) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->sweeping = false;
            if (answer != nullptr && desk_answers::flag(*answer, "more"))
              found->sweep_at = Steady::now() + kSoon;
          });
}

void JobDispatcher::askDesk(const Member& member, const Json& request, Then then) {
  submit(member, member.desk, deskRequest(*member.desk, written(request)), kDeskPatience,
         [mailbox = mailbox_, id = member.id,
          then = std::move(then)](const MessageCall::Outcome& outcome) {
           mailbox->post([then, id, outcome] {
             if (!outcome.answer || outcome.answer->status != 200) return then(nullptr);
             try {
               const Json answer = desk_answers::read(outcome.answer->body);
               then(&answer);
             } catch (const std::exception& error) {  // no answer as the desk gives them
               logOf(id, "A plugin's desk of jobs talks nonsense", error.what());
               then(nullptr);
             }
           });
         });
}

void JobDispatcher::submit(const Member& member, Route route, HttpRequest request,
                           milliseconds patience, std::function<void(MessageCall::Outcome)> done) {
  const Time deadline = Steady::now() + patience;
  const auto call = std::make_shared<MessageCall>(std::move(route), deadline, std::move(request),
                                                  std::move(done));
  flights_.push_back({call, deadline + kLatePatience});
  try {
    if (member.compartment->submit(call)) return;
  } catch (const std::exception& error) {
    logOf(member.id, "A plugin could not be given its jobs", error.what());
  }
  call->refuse(Error::app("PLUGIN_UNAVAILABLE", "It takes no more jobs at this moment."));
}

JobDispatcher::Member* JobDispatcher::find(const std::string& plugin) {
  const auto found = members_.find(plugin);
  return found == members_.end() ? nullptr : found->second.get();
}

std::vector<PluginJobs> JobDispatcher::figures() const {
  std::vector<PluginJobs> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [plugin, known] : known_) {
    if (known.desk) all.push_back(known.told);
  }
  return all;
}

std::string JobDispatcher::ask(const std::string& plugin, const std::string& request,
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
  if (!desk) throw Error::notFound("NOT_FOUND", fmt::format("No plugin '{}' has queues.", plugin));
  return askDeskAndWait(*compartment, desk, request, patience);
}

}  // namespace bulkhead::host
