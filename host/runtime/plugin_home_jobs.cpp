// Jobs of a plugin, on the home's side.
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/json_writer.hpp>

#include "runtime/call_scope.hpp"
#include "runtime/host_table.hpp"
#include "runtime/job_desk.hpp"
#include "runtime/plugin_home.hpp"
#include "runtime/plugin_input.hpp"

namespace bulkhead::host {
namespace {

/// For writing down how a run has ended whose deadline has passed.
constexpr std::chrono::seconds kRecordPatience{5};
constexpr std::chrono::seconds kReleasePatience{2};

std::string_view parameterOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.path_parameters) {
    if (key == name) return value;
  }
  return {};
}

std::int64_t numberOf(const HttpRequest& request, std::string_view name) {
  std::int64_t number = 0;
  const std::string_view text = parameterOf(request, name);
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

HttpRequest requestOf(const RegisteredRoute& queue, const jobs::Claimed& job) {
  HttpRequest request;
  request.method = "JOB";
  request.target = request.path = queue.path;
  request.body = job.payload;
  request.principal.tenant = job.tenant;
  request.principal.bound_to_tenants = !job.tenant.empty();
  inbox::continueTrace(request, job.trace);
  request.path_parameters = {{"queue", job.queue},
                             {"id", job.id},
                             {"key", job.key},
                             {"attempt", std::to_string(job.attempts + 1)},
                             {"enqueued_us", std::to_string(job.created_us)},
                             {"schedule", job.schedule},
                             {"fire_us", std::to_string(job.fire_us)}};
  return request;
}

/// What stands for a job among what runs on its store: data::Store::hold. Messages have others.
std::uint64_t holdOf(std::int64_t seq) {
  constexpr std::uint64_t kSpread = 0xd6e8'feb8'6659'fd93;
  return (static_cast<std::uint64_t>(seq) + 1) * kSpread;
}

HttpResponse ended(std::string_view outcome) {
  return HttpResponse::json(200, toJson([&](JsonWriter& out) { out.object("outcome", outcome); }));
}

Error lost() {
  return Error::app("JOB_LOST", "Another one has this job by now; what it wrote is not kept.");
}

}  // namespace

void PluginHome::addJobDesk() {
  const bool there = std::any_of(routes_.begin(), routes_.end(), [](const auto& route) {
    return route->kind == EntryKind::JobDesk;
  });
  if (!there) routes_.push_back(std::make_shared<const RegisteredRoute>(jobDesk()));
}

const RegisteredRoute* PluginHome::findQueue(std::string_view queue) const {
  for (const auto& route : routes_) {
    if (route->kind == EntryKind::Job && route->call == queue) return route.get();
  }
  return nullptr;
}

jobs::Enqueued PluginHome::enqueue(jobs::NewJob job, bulkhead_transaction& transaction) {
  if (findQueue(job.queue) == nullptr)
    throw Error::app("JOB_REFUSED",
                     fmt::format("The plugin has registered no queue '{}'.", job.queue));
  job.trace = traceText(transaction.request);
  const auto enqueued =
      jobs::enqueue(transaction.transaction, job, newEventId(), services_.clock.nowUs());
  transaction.has_work = transaction.has_work || enqueued.is_new;
  return enqueued;
}

/// A run that lost its job writes nothing any more.
void PluginHome::requireJob(const bulkhead_context* context, data::Transaction& transaction) {
  if (context != nullptr && context->job != nullptr && !jobs::isOurs(transaction, *context->job))
    throw lost();
}

bool PluginHome::tellJob(bulkhead_context* context, std::string_view progress) {
  bulkhead_context* const running = RunningContext::unless(context);
  if (running == nullptr || running->job == nullptr)
    throw Error::app("NO_JOB", "Only the call of a job has progress.");
  if (progress.size() > jobs::kProgressBytesMax)
    throw Error::app("JOB_REFUSED", "The progress of a job has at most 4 KiB.");
  std::optional<bool> wanted;
  const auto tell = [&](bulkhead_transaction& transaction) {
    wanted = jobs::tell(transaction.transaction, *running->job, progress);
  };
  if (progress.empty()) {
    runRead(running, tell);
  } else {
    runWrite(running, tell);
  }
  if (!wanted) throw lost();
  return *wanted || stopping_;
}

HttpResponse PluginHome::workOnJobs(const HttpRequest& request, bulkhead_context& context) {
  const JobDeskHome home{
      schedules_, [this] { return newEventId(); },
      [this](std::int64_t seq) { return readyStore().hold(holdOf(seq)) == nullptr; }, chance()};
  return HttpResponse::json(200, answerJobDesk(request.body, deskStore(context), home));
}

HttpResponse PluginHome::runJob(const RegisteredRoute& queue, const HttpRequest& request,
                                bulkhead_context& context) {
  const std::int64_t seq = numberOf(request, "seq");
  if (stopping_) return ended("gone");
  const auto hold = readyStore().hold(holdOf(seq));
  std::optional<jobs::Claimed> job;
  runWrite(&context, [&](bulkhead_transaction& transaction) {
    job = jobs::claim(transaction.transaction, seq, parameterOf(request, "owner"),
                      services_.clock.nowUs());
  });
  std::string_view outcome = "gone";
  if (job) {
    const JobLeases::Held lease{leases_, job->run};
    outcome = workOnJob(queue, *job, context);
  }
  return ended(outcome);
}

std::string_view PluginHome::workOnJob(const RegisteredRoute& queue, const jobs::Claimed& job,
                                       bulkhead_context& context) {
  HttpRequest request = requestOf(queue, job);
  if (context.request != nullptr) {  // the host knows what is asked of it by the call that it gave
    request.link_call = context.request->link_call;
    request.call_depth = context.request->call_depth;
  }
  const PluginInput input{request, queue.contract};
  bulkhead_context inner{context.deadline, &request, nullptr, &input};
  inner.job = &job.run;
  try {
    if (queue.contract.transaction() == RouteTransaction::Write) {
      runWrite(&inner, [&](bulkhead_transaction& transaction) {
        callQueue(queue, request, inner, &transaction);
        completeJob(job.run, transaction);
      });
    } else {
      callQueue(queue, request, inner, nullptr);
      bulkhead_context patient{
          std::max(context.deadline, std::chrono::steady_clock::now() + kRecordPatience)};
      runWrite(&patient,
               [&](bulkhead_transaction& transaction) { completeJob(job.run, transaction); });
    }
    return "completed";
  } catch (const Error& error) {
    return error.code() == "JOB_LOST" ? "lost" : failJob(queue, job, error);
  }
}

void PluginHome::callQueue(const RegisteredRoute& queue, const HttpRequest& request,
                           bulkhead_context& context, bulkhead_transaction* transaction) {
  PluginAnswer answer;  // nobody reads it: what the call returns says all
  callPlugin(queue, request, context, transaction, answer);
}

void PluginHome::completeJob(const jobs::Run& run, bulkhead_transaction& transaction) {
  if (!jobs::complete(transaction.transaction, run, services_.clock.nowUs())) throw lost();
}

/// Throws where even that cannot be written down: then it has stalled.
std::string_view PluginHome::failJob(const RegisteredRoute& queue, const jobs::Claimed& job,
                                     const Error& error) {
  const std::string reason = fmt::format("{}: {}", error.code(), error.message());
  const jobs::Failure failure{reason, queue.attempts_max, services_.clock.nowUs(), chance()};
  std::string_view outcome;
  bulkhead_context patient{std::chrono::steady_clock::now() + kRecordPatience};
  runWrite(&patient, [&](bulkhead_transaction& transaction) {
    if (stopping_) {
      const bool ours = jobs::release(transaction.transaction, job.run, failure.now_us);
      outcome = ours ? "released" : "lost";
    } else {
      outcome = jobs::fail(transaction.transaction, job.run, failure);
    }
  });
  const std::string fields = toJson([&](JsonWriter& out) {
    out.object("queue", queue.call, "job", job.id, "attempt", job.attempts + 1, "code",
               error.code(), "outcome", outcome);
  });
  services_.log.write(options_.plugin, outcome == "dead" ? BULKHEAD_LOG_ERROR : BULKHEAD_LOG_WARN,
                      fmt::format("A job was not done: {}", error.message()), fields, {});
  return outcome;
}

void PluginHome::renewLease(const jobs::Run& run) {
  runWrite(nullptr, [&](bulkhead_transaction& transaction) {
    jobs::renew(transaction.transaction, run, services_.clock.nowUs());
  });
}

void PluginHome::releaseJobs() noexcept {
  const auto running = leases_.running();
  if (running.empty()) return;
  try {
    bulkhead_context patient{std::chrono::steady_clock::now() + kReleasePatience};
    runWrite(&patient, [&](bulkhead_transaction& transaction) {
      for (const auto& run : running)
        jobs::release(transaction.transaction, run, services_.clock.nowUs());
    });
  } catch (const std::exception& error) {
    services_.log.write(options_.plugin, BULKHEAD_LOG_WARN,
                        fmt::format("Jobs were left behind: {}", error.what()), {}, {});
  }
}

}  // namespace bulkhead::host
