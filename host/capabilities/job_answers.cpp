#include "capabilities/job_answers.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "capabilities/desk_reading.hpp"

namespace bulkhead::host::job_answers {
namespace {

using namespace desk_answers::reading;

constexpr std::size_t kDueListedMax = 1000 * kDueMax;
constexpr std::size_t kStalledMax = 1000;
constexpr std::size_t kFiguresMax = 10'000;
constexpr std::array<std::string_view, 7> kStates{"scheduled", "available", "running", "retryable",
                                                  "completed", "cancelled", "dead"};

jobs::Listed listedFrom(const Json& one) {
  jobs::Listed row;
  row.seq = number(one, "seq", 1);
  row.id = text(one, "id");
  row.queue = text(one, "queue");
  row.key = text(one, "key");
  row.tenant = text(one, "tenant");
  row.state = word(one, "state", kStates);
  row.schedule = text(one, "schedule");
  row.error = text(one, "error");
  row.progress = text(one, "progress");
  row.priority = static_cast<std::int32_t>(
      std::min<std::int64_t>(number(one, "priority", -jobs::kPriorityMax), jobs::kPriorityMax));
  row.attempts = smallNumber(one, "attempts");
  row.stalls = smallNumber(one, "stalls");
  row.cancel_wanted = desk_answers::flag(one, "cancel_wanted");
  row.run_at_us = time(one, "run_at_us");
  row.created_us = time(one, "created_us");
  row.started_us = time(one, "started_us");
  row.finished_us = time(one, "finished_us");
  row.fire_us = time(one, "fire_us");
  row.payload_bytes = number(one, "payload_bytes", 0);
  return row;
}

}  // namespace

Agenda agenda(const Json& answer) {
  Agenda agenda;
  for (const Json& one : list(answer, "due", kDueListedMax))
    agenda.due.push_back(
        {number(one, "seq", 1), text(one, "queue"), text(one, "tenant"), trace(one)});
  for (const Json& one : list(answer, "stalled", kStalledMax))
    agenda.stalled.emplace_back(text(one, "queue"), text(one, "state"));
  agenda.next_in = nextIn(answer);
  return agenda;
}

std::string_view outcome(const Json& answer) {
  constexpr std::array<std::string_view, 7> kOutcomes{"completed", "retry", "dead", "cancelled",
                                                      "released",  "lost",  "gone"};
  return word(answer, "outcome", kOutcomes);
}

std::string_view state(const Json& answer) {
  constexpr std::array<std::string_view, 4> kAfter{"available", "dead", "cancelled", "lost"};
  return word(answer, "state", kAfter);
}

Figures figures(const Json& answer) {
  Figures figures;
  for (const Json& one : list(answer, "figures", kFiguresMax)) {
    const std::chrono::microseconds oldest{number(one, "oldest_us", 0)};
    figures.figures.push_back({text(one, "queue"), std::string{word(one, "state", kStates)},
                               number(one, "jobs", 0),
                               std::chrono::duration_cast<std::chrono::seconds>(oldest)});
  }
  for (const Json& one : list(answer, "paused", kFiguresMax)) {
    if (!one.is_string()) refuse("paused");
    figures.paused.push_back(one.get<std::string>());
  }
  return figures;
}

std::vector<jobs::Listed> listed(const Json& answer) {
  std::vector<jobs::Listed> all;
  for (const Json& one : list(answer, "jobs", kListedMax)) all.push_back(listedFrom(one));
  return all;
}

std::optional<jobs::Listed> job(const Json& answer) {
  const Json& one = member(answer, "job");
  return one.is_null() ? std::nullopt : std::optional{listedFrom(one)};
}

std::string_view cancelled(const Json& answer) {
  constexpr std::array<std::string_view, 4> kOutcomes{"cancelled", "wanted", "finished", "gone"};
  return word(answer, "outcome", kOutcomes);
}

std::string_view retried(const Json& answer) {
  constexpr std::array<std::string_view, 3> kOutcomes{"retried", "refused", "gone"};
  return word(answer, "outcome", kOutcomes);
}

Replayed replayed(const Json& answer) {
  return {number(answer, "retried", 0), number(answer, "after", 0),
          desk_answers::flag(answer, "more")};
}

std::vector<schedules::Listed> schedules(const Json& answer) {
  std::vector<schedules::Listed> all;
  for (const Json& one : list(answer, "schedules", kListedMax))
    all.push_back({text(one, "name"), text(one, "options", std::size_t{1} << 20U),
                   time(one, "next_us"), time(one, "last_us")});
  return all;
}

}  // namespace bulkhead::host::job_answers
