#include "plugins/preflight.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

#include "plugins/child_process.hpp"
#include "plugins/preflight_protocol.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

constexpr const char* kLeaveItAlone =
    "wrote to the descriptor that the host listens on; a plugin leaves it alone";

/// What the plugin cannot know, so that no line of its own passes for the child's.
std::string newToken() {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    throw Error::app("NO_RANDOMNESS", "The system gives no random bytes.");
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

/// The child's lines: the last step it began, and its verdict (empty without one).
struct Told {
  std::string phase = "starting the child";
  json verdict = json::object();
};

Told readReport(std::string_view report) {
  Told told;
  while (!report.empty()) {
    const auto end = report.find('\n');
    const json line = json::parse(report.substr(0, end), nullptr, false);
    report.remove_prefix(end == std::string_view::npos ? report.size() : end + 1);
    if (!line.is_object()) continue;
    if (line.contains("phase") && line["phase"].is_string()) {
      told.phase = line["phase"].get<std::string>();
    } else if (line.contains("passed") || line.contains("refused")) {
      told.verdict = line;
    }
  }
  return told;
}

std::string lastLine(std::string_view output) {
  while (output.ends_with('\n')) output.remove_suffix(1);
  const auto begin = output.rfind('\n');
  return std::string{begin == std::string_view::npos ? output : output.substr(begin + 1)};
}

std::string meaningOf(int signal) {
  switch (signal) {
    case SIGXFSZ:
      return "; a plugin writes to no file while it is created";
    case SIGXCPU:
      return fmt::format("; it used up its {} s of processor time", kPreflightCpuSeconds);
    case SIGSYS:
      return "; it asked the system for what no plugin does before start()";
    case SIGALRM:
    case SIGKILL:
      return "; something outside killed it, or memory ran out";
    default:
      return "";
  }
}

/// How a child ended that left no verdict.
std::string deathOf(const ChildEnd& end, const std::string& phase,
                    std::chrono::milliseconds timeout) {
  std::string text;
  if (end.flooded) return kLeaveItAlone;
  if (end.timed_out) return fmt::format("did not finish {} within {} ms", phase, timeout.count());
  if (end.signal) {
    const char* name = sigabbrev_np(*end.signal);
    text = fmt::format("was killed by signal {} (SIG{}) while {}{}", *end.signal,
                       name != nullptr ? name : "?", phase, meaningOf(*end.signal));
  } else if (end.exit_code == kPreflightReportLost) {
    text = fmt::format("closes descriptors that are not its own, while {}", phase);
  } else {
    text = fmt::format("ended its process with exit code {} while {}; a plugin never exits",
                       end.exit_code, phase);
  }
  const std::string line = lastLine(end.output);
  return line.empty() ? text : fmt::format("{}; its last words: {}", text, line);
}

void judge(const ChildEnd& end, const Told& told, const std::string& token,
           std::chrono::milliseconds timeout, PreflightReport& report) {
  const json& verdict = told.verdict;
  const bool ended_well = !end.timed_out && !end.flooded && !end.signal;
  const bool is_the_childs = verdict.value("token", "") == token;
  if (ended_well && end.exit_code == 0 && is_the_childs && verdict.value("passed", false)) {
    report.pinned = verdict.value("pinned", false);
    report.routes = verdict.value("routes", std::vector<std::string>{});
    report.contributors = verdict.value("contributors", std::vector<std::string>{});
    report.passed = true;
  } else if (ended_well && verdict.contains("refused")) {
    report.reason = verdict.value("refused", "");
  } else {
    report.reason = deathOf(end, told.phase, timeout);
  }
}

}  // namespace

PreflightReport preflight(const std::filesystem::path& copy, const HomeSettings& settings,
                          const PreflightOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string token = newToken();
  const ChildEnd end = runChild(options.executable, {"preflight", copy.string()},
                                token + "\n" + toJson(settings), options.timeout);
  const Told told = readReport(end.report);
  PreflightReport report;
  report.output = end.output;
  report.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  try {
    judge(end, told, token, options.timeout, report);
  } catch (const json::exception&) {
    report.passed = false;
    report.reason = kLeaveItAlone;
  }
  return report;
}

}  // namespace bulkhead::host
