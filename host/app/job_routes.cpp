#include "app/job_routes.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include <bulkhead/error.hpp>

#include "capabilities/desk_answers.hpp"
#include "runtime/timestamp.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds kPatience{5'000};
constexpr std::int64_t kListMax = 1000;
constexpr std::int64_t kNumberMax = std::int64_t{1} << 53U;
constexpr std::chrono::seconds kOldMax{300};  ///< what waits for longer is told to operators

std::int64_t queryNumber(const HttpRequest& request, const char* name, std::int64_t fallback,
                         std::int64_t most) {
  const std::string* text = request.queryValue(name);
  if (text == nullptr) return fallback;
  std::int64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec == std::errc{} && read.ptr == text->data() + text->size() && number >= 1 &&
      number <= most)
    return number;
  throw Error::validation("VALIDATION_ERROR",
                          fmt::format("'{}' is a whole number from 1 to {}.", name, most));
}

std::string queryText(const HttpRequest& request, const char* name) {
  const std::string* text = request.queryValue(name);
  return text == nullptr ? std::string{} : *text;
}

const std::string& pathText(const HttpRequest& request, std::size_t place) {
  return request.path_parameters.at(place).second;
}

/// Of plugins that run, and of closed ones.
struct Desks {
  JobDispatcher& dispatcher;
  ClosedJobs closed;

  std::string ask(const std::string& plugin, const std::string& request) const {
    if (const auto told = closed(plugin, request)) return *told;
    return dispatcher.ask(plugin, request, kPatience);
  }
  std::vector<PluginJobs> figures() const { return dispatcher.figures(); }
  void ring(const std::string& plugin) const { dispatcher.ring(plugin); }
};

std::string written(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HttpResponse answer(const Json& document) {
  return HttpResponse::json(200, written(document));
}

/// Throws Error (PLUGIN_UNAVAILABLE) for what is no answer.
template <class Reading>
auto asked(const Desks& jobs, const std::string& plugin, const Json& request,
           const Reading& reading) {
  const std::string text = jobs.ask(plugin, written(request));
  try {
    return reading(desk_answers::read(text));
  } catch (const DeskAnswerError& error) {
    throw Error::app("PLUGIN_UNAVAILABLE",
                     fmt::format("The service '{}' cannot be understood: {}", plugin, error.what()))
        .withRetryAfter(5);
  }
}

Json timeOrNull(std::int64_t at_us) {
  return at_us == 0 ? Json{} : Json(timestampText(at_us));
}

Json shown(const std::string& plugin, const jobs::Listed& row) {
  return {{"plugin", plugin},
          {"seq", row.seq},
          {"id", row.id},
          {"queue", row.queue},
          {"key", row.key},
          {"tenant", row.tenant},
          {"state", row.state},
          {"schedule", row.schedule},
          {"error", row.error},
          {"progress", row.progress},
          {"priority", row.priority},
          {"attempts", row.attempts},
          {"stalls", row.stalls},
          {"cancel_wanted", row.cancel_wanted},
          {"payload_bytes", row.payload_bytes},
          {"run_at", timeOrNull(row.run_at_us)},
          {"enqueued_at", timeOrNull(row.created_us)},
          {"started_at", timeOrNull(row.started_us)},
          {"finished_at", timeOrNull(row.finished_us)},
          {"fire_at", timeOrNull(row.fire_us)}};
}

/// That one, or all that have queues.
std::vector<std::string> pluginsOf(const Desks& jobs, const HttpRequest& request) {
  if (const std::string* one = request.queryValue("plugin")) return {*one};
  std::vector<std::string> all;
  for (const auto& plugin : jobs.figures()) all.push_back(plugin.plugin);
  return all;
}

/// One that does not answer is named among those that are away, unless it alone was asked for.
void eachOf(const std::string& plugin, bool of_one, Json& away, const std::function<void()>& ask) {
  try {
    ask();
  } catch (const Error& error) {
    if (of_one) throw;
    away.push_back({{"plugin", plugin}, {"reason", error.message()}});
  }
}

HttpResponse listed(const Desks& jobs, const HttpRequest& request) {
  const std::string state = queryText(request, "state");
  const auto states = {"",          "scheduled", "available", "running",
                       "retryable", "completed", "cancelled", "dead"};
  if (std::find(states.begin(), states.end(), state) == states.end()) {
    throw Error::validation("VALIDATION_ERROR",
                            "'state' is scheduled, available, running, retryable, completed, "
                            "cancelled or dead.");
  }
  const bool of_one = request.queryValue("plugin") != nullptr;
  if (request.queryValue("before") != nullptr && !of_one)
    throw Error::validation("VALIDATION_ERROR", "'before' is a number of one 'plugin'.");
  const Json filter{{"verb", "list"},
                    {"state", state},
                    {"queue", queryText(request, "queue")},
                    {"before", queryNumber(request, "before", 0, kNumberMax)},
                    {"limit", queryNumber(request, "limit", 100, kListMax)}};
  Json rows = Json::array();
  Json away = Json::array();
  for (const auto& plugin : pluginsOf(jobs, request)) {
    eachOf(plugin, of_one, away, [&] {
      for (const auto& row : asked(jobs, plugin, filter, job_answers::listed))
        rows.push_back(shown(plugin, row));
    });
  }
  return answer({{"data", std::move(rows)}, {"away", std::move(away)}});
}

Error noJob(const std::string& plugin, const std::string& id) {
  return Error::notFound("NOT_FOUND", fmt::format("'{}' has no job {}.", plugin, id));
}

HttpResponse inspected(const Desks& jobs, const HttpRequest& request) {
  const std::string& plugin = pathText(request, 0);
  const std::string& id = pathText(request, 1);
  const auto found = asked(jobs, plugin, {{"verb", "inspect"}, {"id", id}}, job_answers::job);
  if (!found) throw noJob(plugin, id);
  return answer(shown(plugin, *found));
}

HttpResponse retried(const Desks& jobs, const HttpRequest& request) {
  const std::string& plugin = pathText(request, 0);
  const std::string& id = pathText(request, 1);
  const std::string_view outcome =
      asked(jobs, plugin, {{"verb", "retry"}, {"id", id}}, job_answers::retried);
  if (outcome == "gone") throw noJob(plugin, id);
  if (outcome == "refused") {
    throw Error::conflict(
        "JOB_NOT_DEAD",
        fmt::format("Job {} of '{}' is neither dead nor cancelled, or another one has its key.", id,
                    plugin));
  }
  jobs.ring(plugin);
  return answer({{"plugin", plugin}, {"id", id}, {"state", "available"}});
}

HttpResponse cancelled(const Desks& jobs, const HttpRequest& request) {
  const std::string& plugin = pathText(request, 0);
  const std::string& id = pathText(request, 1);
  const std::string_view outcome =
      asked(jobs, plugin, {{"verb", "cancel"}, {"id", id}}, job_answers::cancelled);
  if (outcome == "gone") throw noJob(plugin, id);
  if (outcome == "finished")
    throw Error::conflict("JOB_FINISHED", fmt::format("Job {} of '{}' is finished.", id, plugin));
  return answer({{"plugin", plugin},
                 {"id", id},
                 {"state", outcome == "wanted" ? "running" : "cancelled"},
                 {"cancel_wanted", outcome == "wanted"}});
}

HttpResponse replayed(const Desks& jobs, const HttpRequest& request) {
  const std::string& plugin = pathText(request, 0);
  const std::string& queue = pathText(request, 1);
  const Json step{{"verb", "replay"},
                  {"queue", queue},
                  {"after", queryNumber(request, "after", 0, kNumberMax)}};
  const auto done = asked(jobs, plugin, step, job_answers::replayed);
  jobs.ring(plugin);
  return answer({{"plugin", plugin},
                 {"queue", queue},
                 {"retried", done.jobs},
                 {"after", done.after},
                 {"more", done.more}});
}

HttpResponse pausedOrNot(const Desks& jobs, const HttpRequest& request, const char* verb) {
  const std::string& plugin = pathText(request, 0);
  const std::string& queue = pathText(request, 1);
  const auto all = jobs.figures();
  const bool unknown = std::any_of(all.begin(), all.end(), [&](const PluginJobs& one) {
    return one.plugin == plugin &&
           std::find(one.queues.begin(), one.queues.end(), queue) == one.queues.end();
  });
  if (unknown)
    throw Error::notFound("NOT_FOUND", fmt::format("'{}' has no queue '{}'.", plugin, queue));
  asked(jobs, plugin, {{"verb", verb}, {"queue", queue}}, [](const Json& told) { return told; });
  jobs.ring(plugin);
  return answer(
      {{"plugin", plugin}, {"queue", queue}, {"paused", verb == std::string_view{"pause"}}});
}

Json shown(const PluginJobs& plugin, const std::string& queue) {
  const auto& paused = plugin.paused;
  Json row{{"plugin", plugin.plugin},
           {"queue", queue},
           {"runs", plugin.runs},
           {"paused", std::find(paused.begin(), paused.end(), queue) != paused.end()}};
  for (const char* state : {"scheduled", "available", "running", "retryable", "dead"})
    row[state] = 0;
  for (const auto& figure : plugin.figures) {
    if (figure.queue != queue) continue;
    row[figure.state] = figure.jobs;
    if (figure.state == "available") row["oldest_seconds"] = figure.oldest.count();
  }
  return row;
}

/// As they are at this moment; of one that does not answer as they were when it last did.
HttpResponse queues(const Desks& jobs, const HttpRequest&) {
  Json rows = Json::array();
  Json away = Json::array();
  for (auto& plugin : jobs.figures()) {
    eachOf(plugin.plugin, false, away, [&] {
      auto now = asked(jobs, plugin.plugin, {{"verb", "figures"}}, job_answers::figures);
      plugin.figures = std::move(now.figures);
      plugin.paused = std::move(now.paused);
    });
    for (const auto& queue : plugin.queues) rows.push_back(shown(plugin, queue));
  }
  return answer({{"data", std::move(rows)}, {"away", std::move(away)}});
}

Json shown(const std::string& plugin, const schedules::Listed& one) {
  Json options = Json::parse(one.options, nullptr, false);
  if (!options.is_object()) options = Json::object();
  Json row{{"plugin", plugin},
           {"schedule", one.name},
           {"next_at", timeOrNull(one.next_us)},
           {"last_at", timeOrNull(one.last_us)}};
  for (const char* name : {"queue", "cron", "zone", "every_s", "misfire"})
    row[name] = options.contains(name) ? options[name] : Json{};
  return row;
}

HttpResponse scheduled(const Desks& jobs, const HttpRequest& request) {
  const bool of_one = request.queryValue("plugin") != nullptr;
  Json rows = Json::array();
  Json away = Json::array();
  for (const auto& plugin : pluginsOf(jobs, request)) {
    eachOf(plugin, of_one, away, [&] {
      for (const auto& one : asked(jobs, plugin, {{"verb", "schedules"}}, job_answers::schedules))
        rows.push_back(shown(plugin, one));
    });
  }
  return answer({{"data", std::move(rows)}, {"away", std::move(away)}});
}

/// Accepting and processing, and not far behind.
bool works(const PluginJobs& plugin, const std::string& queue) {
  const bool late =
      std::any_of(plugin.figures.begin(), plugin.figures.end(), [&](const JobFigure& one) {
        return one.queue == queue && one.state == "available" && one.oldest > kOldMax;
      });
  return plugin.runs && !late &&
         std::find(plugin.paused.begin(), plugin.paused.end(), queue) == plugin.paused.end();
}

}  // namespace

std::vector<HostRoute> jobRoutes(JobDispatcher& jobs, ClosedJobs closed) {
  using Answer = HttpResponse (*)(const Desks&, const HttpRequest&);
  const auto desks = std::make_shared<const Desks>(Desks{jobs, std::move(closed)});
  std::vector<HostRoute> routes;
  const auto add = [&](const char* method, const char* path, Answer answered) {
    HostRoute route;
    route.method = method;
    route.path = path;
    route.access = HostAccess::Admin;
    route.scope = "admin";
    route.answered_on = AnsweredOn::AdminLane;
    route.answer = [desks, answered](const HttpRequest& request) {
      return answered(*desks, request);
    };
    routes.push_back(std::move(route));
  };
  add("GET", "/api/admin/jobs", &listed);
  add("GET", "/api/admin/jobs/queues", &queues);
  add("GET", "/api/admin/jobs/schedules", &scheduled);
  add("GET", "/api/admin/jobs/{id}/{job}", &inspected);
  add("POST", "/api/admin/jobs/{id}/{job}/retry", &retried);
  add("POST", "/api/admin/jobs/{id}/{job}/cancel", &cancelled);
  add("POST", "/api/admin/jobs/{id}/queues/{queue}/replay", &replayed);
  add("POST", "/api/admin/jobs/{id}/queues/{queue}/pause",
      [](const Desks& of, const HttpRequest& request) {
        return pausedOrNot(of, request, "pause");
      });
  add("POST", "/api/admin/jobs/{id}/queues/{queue}/resume",
      [](const Desks& of, const HttpRequest& request) {
        return pausedOrNot(of, request, "resume");
      });
  return routes;
}

JobDispatcher::Record jobRecorder(monitoring::Metrics& metrics) {
  auto& attempts = metrics.counter({"host",
                                    "job_attempts_total",
                                    "Runs of jobs by plugin and queue, and how they ended.",
                                    {"plugin", "queue", "outcome"},
                                    {}});
  auto& durations = metrics.histogram({"host",
                                       "job_duration_seconds",
                                       "Time of runs of jobs.",
                                       {"plugin", "queue"},
                                       {0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600}});
  return [&attempts, &durations](const JobRecord& job) {
    attempts.counter({job.plugin, job.queue, job.outcome}).add(1);
    durations.histogram({job.plugin, job.queue})
        .observe(std::chrono::duration<double>(job.duration).count());
  };
}

void addJobMetrics(monitoring::Metrics& metrics, std::function<std::vector<PluginJobs>()> jobs) {
  metrics.sampled(
      monitoring::MetricKind::Gauge,
      {"host",
       "job_queue_jobs",
       "Jobs that are not finished, and dead ones",
       {"plugin", "queue", "state"},
       {}},
      [jobs](const monitoring::SampleSink& sink) {
        for (const auto& plugin : jobs()) {
          for (const auto& figure : plugin.figures) {
            const std::string_view labels[] = {plugin.plugin, figure.queue, figure.state};
            sink(labels, static_cast<double>(figure.jobs));
          }
        }
      });
  metrics.sampled(monitoring::MetricKind::Gauge,
                  {"host",
                   "job_queue_oldest_age_seconds",
                   "Since when the oldest job waits that could be run",
                   {"plugin", "queue"},
                   {}},
                  [jobs = std::move(jobs)](const monitoring::SampleSink& sink) {
                    for (const auto& plugin : jobs()) {
                      std::map<std::string_view, double> oldest;
                      for (const auto& queue : plugin.queues) oldest[queue] = 0;
                      for (const auto& figure : plugin.figures) {
                        if (figure.state == "available")
                          oldest[figure.queue] = static_cast<double>(figure.oldest.count());
                      }
                      for (const auto& [queue, age] : oldest) {
                        const std::string_view labels[] = {plugin.plugin, queue};
                        sink(labels, age);
                      }
                    }
                  });
}

std::optional<health::JobQueueFigures> jobQueueFigures(const std::vector<PluginJobs>& jobs) {
  std::map<std::string, bool> queues;  // of several plugins one name may be
  for (const auto& plugin : jobs) {
    for (const auto& queue : plugin.queues) {
      bool& all = queues.try_emplace(queue, true).first->second;
      all = all && works(plugin, queue);
    }
  }
  if (queues.empty()) return std::nullopt;
  health::JobQueueFigures figures;
  figures.backend = "database";
  figures.queues.assign(queues.begin(), queues.end());
  const bool all_work =
      std::all_of(queues.begin(), queues.end(), [](const auto& queue) { return queue.second; });
  if (!all_work) figures.status = health::Status::Degraded;
  return figures;
}

}  // namespace bulkhead::host
