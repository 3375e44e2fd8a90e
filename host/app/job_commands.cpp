#include "app/job_commands.hpp"

#include <Poco/URI.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "app/admin_client.hpp"
#include "app/admin_output.hpp"
#include "app/command.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

HttpResponse called(const CommandLine& line, const char* method, const std::string& path) {
  const Configuration configuration = loadConfiguration(line);
  return AdminClient{configuration}.callRunning(method, path);
}

std::string queryOf(const CommandLine& line) {
  std::string query;
  for (const char* name : {"plugin", "queue", "state", "before", "limit"}) {
    std::string value;
    if (const auto given = line.find(name)) Poco::URI::encode(*given, "/&=+?#", value);
    if (!value.empty()) query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, value);
  }
  return query;
}

int runList(const CommandLine& line) {
  return printList(
      line, bodyOf(called(line, "GET", "/api/admin/jobs" + queryOf(line))),
      {"plugin", "seq", "id", "queue", "state", "attempts", "run_at", "progress", "error"});
}

int runQueues(const CommandLine& line) {
  return printList(line, bodyOf(called(line, "GET", "/api/admin/jobs/queues")),
                   {"plugin", "queue", "runs", "paused", "available", "running", "scheduled",
                    "retryable", "dead", "oldest_seconds"});
}

int runSchedules(const CommandLine& line) {
  return printList(
      line, bodyOf(called(line, "GET", "/api/admin/jobs/schedules" + queryOf(line))),
      {"plugin", "schedule", "queue", "cron", "zone", "every_s", "misfire", "next_at", "last_at"});
}

std::string jobPath(const CommandLine& line) {
  return fmt::format("/api/admin/jobs/{}/{}", pathSegment(line.argument(0, "PLUGIN")),
                     pathSegment(line.argument(1, "JOB")));
}

int runShow(const CommandLine& line) {
  fmt::print("{}\n", bodyOf(called(line, "GET", jobPath(line))).dump(2));
  return kExitOk;
}

int say(const CommandLine& line, const Json& done, const std::string& words) {
  fmt::print("{}\n", line.has("json") ? done.dump(2) : words);
  return kExitOk;
}

int runRetry(const CommandLine& line) {
  const Json done = bodyOf(called(line, "POST", jobPath(line) + "/retry"));
  return say(line, done, fmt::format("{} is run again.", line.argument(1, "JOB")));
}

int runCancel(const CommandLine& line) {
  const Json done = bodyOf(called(line, "POST", jobPath(line) + "/cancel"));
  const bool runs = done.value("cancel_wanted", false);
  const std::string_view what = runs ? "runs, and is told to end" : "is cancelled";
  return say(line, done, fmt::format("{} {}.", line.argument(1, "JOB"), what));
}

Json queueCalled(const CommandLine& line, const std::string& verb) {
  return bodyOf(
      called(line, "POST",
             fmt::format("/api/admin/jobs/{}/queues/{}/{}", pathSegment(line.argument(0, "PLUGIN")),
                         pathSegment(line.argument(1, "QUEUE")), verb)));
}

int runReplay(const CommandLine& line) {
  std::int64_t retried = 0;
  Json done;
  std::int64_t after = 0;
  do {  // each dead one once, also where it is dead again by the next round
    done = queueCalled(line, after == 0 ? "replay" : fmt::format("replay?after={}", after));
    retried += done.value("retried", std::int64_t{0});
    after = done.value("after", std::int64_t{0});
  } while (done.value("more", false) && after > 0);
  done["retried"] = retried;
  return say(line, done, fmt::format("{} dead jobs are run again.", retried));
}

int runPause(const CommandLine& line) {
  const Json done = queueCalled(line, "pause");
  return say(line, done,
             fmt::format("{} is paused: what runs ends, and nothing is begun.",
                         line.argument(1, "QUEUE")));
}

int runResume(const CommandLine& line) {
  const Json done = queueCalled(line, "resume");
  return say(line, done, fmt::format("{} goes on.", line.argument(1, "QUEUE")));
}

}  // namespace

std::vector<Command> jobCommands() {
  const CommandOption plugin{"plugin", "ID", "of that plugin alone", false};
  const std::vector<CommandOption> plain{configOption(), jsonOption()};
  return {
      {"jobs list",
       "",
       "lists the jobs of plugins, the newest first",
       0,
       {configOption(),
        jsonOption(),
        plugin,
        {"queue", "QUEUE", "of that queue alone", false},
        {"state", "STATE", "scheduled, available, running, retryable, completed, cancelled or dead",
         false},
        {"before", "N", "those with a lower number, of one plugin", false},
        {"limit", "N", "at most so many of a plugin (100)", false}},
       runList},
      {"jobs queues", "", "shows the queues of plugins and what waits in them", 0, plain,
       runQueues},
      {"jobs schedules",
       "",
       "shows the schedules of plugins and when they fire",
       0,
       {configOption(), jsonOption(), plugin},
       runSchedules},
      {"jobs show", "PLUGIN JOB", "shows a job; never what it carries", 2, plain, runShow},
      {"jobs retry", "PLUGIN JOB", "runs a dead or cancelled job again", 2, plain, runRetry},
      {"jobs cancel", "PLUGIN JOB", "cancels a job; one that runs is told", 2, plain, runCancel},
      {"jobs replay", "PLUGIN QUEUE", "runs all dead jobs of a queue again", 2, plain, runReplay},
      {"jobs pause", "PLUGIN QUEUE", "begins no job of a queue until it is resumed", 2, plain,
       runPause},
      {"jobs resume", "PLUGIN QUEUE", "ends a pause", 2, plain, runResume}};
}

}  // namespace bulkhead::host
