// What a plugin has to do: when it is looked for, and what becomes of it.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "capabilities/desk_answers.hpp"
#include "capabilities/job_dispatcher_members.hpp"
#include "runtime/inbox.hpp"

namespace bulkhead::host {
namespace {

using namespace dispatching;

/// What the handler asks of others is asked for the job's tenant.
HttpRequest runRequest(const RegisteredRoute& queue, const jobs::Due& due,
                       const std::string& owner) {
  HttpRequest request;
  request.method = "JOB";
  request.target = request.path = queue.path;
  request.headers = {{"content-type", "application/json"}};
  request.body = "{}";
  request.path_parameters = {{"seq", std::to_string(due.seq)}, {"owner", owner}};
  request.principal.tenant = due.tenant;
  request.principal.bound_to_tenants = !due.tenant.empty();
  inbox::continueTrace(request, due.trace);
  return request;
}

}  // namespace

void JobDispatcher::look(Member& member, Time now) {
  Json limits = Json::object();
  for (const auto& queue : member.queues)
    limits[queue->call] =
        std::min(job_answers::kDueMax, kDueEach * static_cast<std::int64_t>(queue->queue.at_once));
  member.looking = true;
  member.wanted = false;
  member.look_at = now + kPoll;
  askDesk(member, {{"verb", "tend"}, {"limits", std::move(limits)}},
          [this, id = member.id](const Json* answer) {
            Member* const found = find(id);
            if (found == nullptr) return;
            found->looking = false;
            if (answer == nullptr) {
              found->look_at = Steady::now() + kRetry;
              return;
            }
            auto agenda = job_answers::agenda(*answer);
            for (const auto& [queue, state] : agenda.stalled) {
              if (found->has(queue)) tell(*found, queue, "stalled", {});
            }
            takeAgenda(*found, std::move(agenda));
            runDue(*found);
          });
}

/// In place of what was known: what came since may have a higher priority.
void JobDispatcher::takeAgenda(Member& member, job_answers::Agenda agenda) {
  member.due.clear();
  member.full.clear();
  for (auto& one : agenda.due) {
    auto& due = member.due[one.queue];
    due.push_back(std::move(one));
  }
  for (const auto& queue : member.queues) {
    const auto most = kDueEach * static_cast<std::int64_t>(queue->queue.at_once);
    const auto found = member.due.find(queue->call);
    if (found != member.due.end() && static_cast<std::int64_t>(found->second.size()) >= most)
      member.full.insert(queue->call);
  }
  if (agenda.next_in) member.look_at = std::min(member.look_at, Steady::now() + *agenda.next_in);
}

/// Queues take turns, so that none of them keeps another from its place.
void JobDispatcher::runDue(Member& member) {
  for (bool begun = true; begun && member.runs.size() < kRunsAtOnce;) {
    begun = false;
    for (const auto& queue : member.queues) {
      auto& due = member.due[queue->call];
      while (!due.empty() && member.runsJob(due.front().seq)) due.pop_front();
      if (due.empty() || member.runs.size() >= kRunsAtOnce ||
          member.running(*queue) >= queue->queue.at_once)
        continue;
      const jobs::Due one = std::move(due.front());
      due.pop_front();
      work(member, queue, one);
      begun = true;
    }
  }
}

void JobDispatcher::work(Member& member, const Route& queue, const jobs::Due& due) {
  const std::string owner = fmt::format("{}:{}", instance_, ++runs_);
  member.runs[owner] = {due.seq, queue, Steady::now()};
  submit(member, queue, runRequest(*queue, due, owner), queue->queue.timeout,
         [this, mailbox = mailbox_, id = member.id, owner](const MessageCall::Outcome& outcome) {
           mailbox->post([this, id, owner, outcome] { takeEnd(id, owner, outcome); });
         });
}

/// What a run has come to. Where it did not say so itself, its desk is told.
void JobDispatcher::takeEnd(const std::string& plugin, const std::string& owner,
                            const MessageCall::Outcome& outcome) {
  Member* const member = find(plugin);
  if (member == nullptr || !member->runs.contains(owner)) return;
  const auto attempts = member->runs[owner].queue->attempts_max;
  const auto failed = [&](std::string_view error) {
    conclude(*member, owner,
             {{"verb", "overrun"}, {"owner", owner}, {"error", error}, {"attempts_max", attempts}});
  };
  if (outcome.overrun) return failed("DEADLINE_EXCEEDED: it did not end in its time.");
  if (!outcome.answer) {
    return conclude(*member, owner,
                    {{"verb", "lost"}, {"owner", owner}, {"blamed", outcome.deaths > 0}});
  }
  if (outcome.answer->status != 200) return failed("NOT_WRITTEN: its end could not be written.");
  try {
    finish(*member, owner, job_answers::outcome(desk_answers::read(outcome.answer->body)));
  } catch (const DeskAnswerError&) {
    failed("NOT_UNDERSTOOD: what became of it was not said.");
  }
}

/// The job has its place here until that is written down.
void JobDispatcher::conclude(Member& member, const std::string& owner, Json request) {
  member.unsaid[owner] = std::move(request);
}

void JobDispatcher::tellLost(Member& member) {
  const std::string owner = member.unsaid.begin()->first;
  const Json request = member.unsaid.begin()->second;
  member.saying = true;
  member.say_at = Steady::now() + kRetry;
  askDesk(member, request, [this, id = member.id, owner, request](const Json* answer) {
    Member* const found = find(id);
    if (found == nullptr) return;
    found->saying = false;
    if (answer == nullptr) return;
    const bool was_lost = request.at("verb") == "lost";
    const std::string_view told =
        was_lost ? job_answers::state(*answer) : job_answers::outcome(*answer);
    found->unsaid.erase(owner);
    found->say_at = {};
    const bool blamed = was_lost && request.at("blamed").get<bool>();
    finish(*found, owner,
           told == "lost" ? "gone"  // it was never claimed, perhaps because that cannot be written
           : !was_lost    ? told
           : blamed       ? "stalled"
                          : "released");
  });
}

void JobDispatcher::finish(Member& member, const std::string& owner, std::string_view outcome) {
  const auto ended = member.runs.find(owner);
  if (ended == member.runs.end()) return;
  const std::string queue = ended->second.queue->call;
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - ended->second.begun);
  member.runs.erase(ended);
  if (outcome == "gone") {  // another one was faster, or it cannot be had at the moment
    member.look_at = std::min(member.look_at, Steady::now() + kRetry);
  } else {
    tell(member, queue, outcome, took);
    const bool empty = member.due[queue].empty() && member.full.contains(queue);
    member.wanted = member.wanted || empty || outcome != "completed";
  }
  runDue(member);
}

void JobDispatcher::tell(const Member& member, const std::string& queue, std::string_view outcome,
                         std::chrono::microseconds duration) const {
  if (record_) record_({member.id, queue, outcome, duration});
}

}  // namespace bulkhead::host
