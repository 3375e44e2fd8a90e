#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/job_rows.hpp"
#include "runtime/job_schedules.hpp"

namespace bulkhead::host {

/// Of one queue and state.
struct JobFigure {
  std::string queue;
  std::string state;
  std::int64_t jobs = 0;
  std::chrono::seconds oldest{0};  ///< since the first of them could be run
};

/// The answers of a plugin's desk of jobs (answerJobDesk), as desk_answers has those of messages.
namespace job_answers {

/// Jobs of one queue that one agenda has at most.
inline constexpr std::int64_t kDueMax = 64;

struct Agenda {
  std::vector<jobs::Due> due;
  std::vector<std::pair<std::string, std::string>> stalled;  ///< queue, and its state since
  std::optional<std::chrono::milliseconds> next_in;          ///< nothing is planned without it
};
Agenda agenda(const nlohmann::json& answer);
/// Of a run, or of what was written down for one: "completed", "retry", "dead", "cancelled",
/// "released", "lost" (another one has it) or "gone" (it was not to be had).
std::string_view outcome(const nlohmann::json& answer);
/// Of what was left behind: "available", "dead", "cancelled" or "lost".
std::string_view state(const nlohmann::json& answer);
struct Figures {
  std::vector<JobFigure> figures;
  std::vector<std::string> paused;
};
Figures figures(const nlohmann::json& answer);
std::vector<jobs::Listed> listed(const nlohmann::json& answer);
std::optional<jobs::Listed> job(const nlohmann::json& answer);
/// "cancelled", "wanted", "finished" or "gone".
std::string_view cancelled(const nlohmann::json& answer);
/// "retried", "refused" or "gone".
std::string_view retried(const nlohmann::json& answer);
struct Replayed {
  std::int64_t jobs = 0;
  std::int64_t after = 0;  ///< to go on behind
  bool more = false;
};
Replayed replayed(const nlohmann::json& answer);
std::vector<schedules::Listed> schedules(const nlohmann::json& answer);

}  // namespace job_answers
}  // namespace bulkhead::host
