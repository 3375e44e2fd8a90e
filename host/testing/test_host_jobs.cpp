// Jobs of the plugin under test.
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "testing/test_host_implementation.hpp"

namespace bulkhead::testing {
namespace {

using Json = nlohmann::json;
using host::EntryKind;
using host::HttpRequest;
using host::HttpResponse;

constexpr int kTriesMax = 8;  ///< of what a failure that was wanted keeps from being done
constexpr int kRunsMax = 5'000;

}  // namespace

/// False when it was not done, nor failed: then it is taken back, as the host does it.
bool TestHost::Implementation::runJob(std::int64_t seq, const host::RegisteredRoute& queue,
                                      JobRuns& runs) {
  const std::string owner = fmt::format("test:{}", ++job_runs_);
  HttpRequest request;
  request.method = "JOB";
  const std::string nothing = "{}";
  request.body = nothing;
  request.path_parameters = {{"seq", std::to_string(seq)}, {"owner", owner}};
  const HttpResponse response = enter(queue, std::move(request));
  if (faults_.isDead()) restart();
  const std::string outcome =
      response.status == 200 ? Json::parse(response.body).value("outcome", "") : "";
  runs.completed += outcome == "completed" ? 1 : 0;
  runs.failed += outcome == "retry" ? 1 : 0;
  runs.dead += outcome == "dead" ? 1 : 0;
  runs.cancelled += outcome == "cancelled" ? 1 : 0;
  if (outcome == "completed" || outcome == "retry" || outcome == "dead" || outcome == "cancelled")
    return true;
  askDesk(Json{{"verb", "lost"}, {"owner", owner}, {"blamed", false}}.dump(), EntryKind::JobDesk);
  return false;
}

JobRuns TestHost::Implementation::runJobs() {
  Json limits = Json::object();
  for (const auto& route : home_->routes()) {
    if (route->kind == EntryKind::Job) limits[route->call] = 1;
  }
  const std::string tend = Json{{"verb", "tend"}, {"limits", std::move(limits)}}.dump();
  JobRuns runs;
  int idle = 0;
  for (int runs_done = 0; idle < kTriesMax; ++runs_done) {
    if (runs_done == kRunsMax) throw std::runtime_error{"Jobs beget jobs without end."};
    const Json agenda = Json::parse(askDesk(tend, EntryKind::JobDesk));
    if (agenda.at("due").empty()) return runs;
    const Json due = agenda.at("due").front();
    const std::string name = due.at("queue").get<std::string>();
    for (const auto& route : home_->routes()) {
      if (route->kind != EntryKind::Job || route->call != name) continue;
      const auto queue = route;  // of a home that may end meanwhile
      idle = runJob(due.at("seq").get<std::int64_t>(), *queue, runs) ? 0 : idle + 1;
      break;
    }
  }
  throw std::runtime_error{"A job is due and cannot be done."};
}

std::vector<ShownJob> TestHost::Implementation::jobs(std::string_view queue) {
  const Json request{{"verb", "list"}, {"queue", queue}, {"limit", 1000}};
  std::vector<ShownJob> shown;
  const Json answer = Json::parse(askDesk(request.dump(), EntryKind::JobDesk));
  for (const Json& one : answer.at("jobs")) {
    const auto text = [&](const char* name) { return one.at(name).get<std::string>(); };
    shown.push_back({text("id"), text("queue"), text("key"), text("tenant"), text("state"),
                     text("error"), text("progress"), text("schedule")});
  }
  return shown;
}

void TestHost::Implementation::cancelJob(std::string_view id) {
  askDesk(Json{{"verb", "cancel"}, {"id", id}}.dump(), EntryKind::JobDesk);
}

}  // namespace bulkhead::testing
