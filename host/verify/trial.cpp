#include "verify/trial.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <string.h>
#include <sys/random.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "plugins/child_process.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

/// A plugin that dies more often is known well enough.
constexpr std::size_t kDeathsMax = 32;

std::string newToken() {
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    throw Error::app("NO_RANDOMNESS", "The system gives no random bytes.");
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

class Trial {
 public:
  Trial(const std::filesystem::path& copy, const HomeSettings& settings,
        const TrialOptions& options)
      : copy_{copy}, settings_(json::parse(toJson(settings))), options_{options} {}

  TrialReport run() {
    for (std::size_t deaths = 0; deaths < kDeathsMax; ++deaths) {
      if (runOnce()) return std::move(report_);
    }
    add("the trial", "ended before its end: its process died too often",
        "mend what was found so far, and try again");
    return std::move(report_);
  }

 private:
  /// One child, from where the last one ended. True when there is nothing more to try.
  bool runOnce() {
    const std::string token = newToken();
    const json order{
        {"token", token}, {"settings", settings_}, {"faults", options_.faults},
        {"from", begun_}, {"killed", killed_},     {"step_limit_ms", options_.step_limit.count()}};
    hung_ = done_ = false;
    const std::size_t begun_before = begun_;
    const ChildEnd end =
        runChild(options_.executable, {"trial", copy_.string()}, order.dump(), options_.timeout);
    read(end.report, token);
    if (done_) return true;
    tellDeath(end);
    killed_.insert(step_);
    return begun_ == begun_before;  // else the next one would do the same
  }

  void read(std::string_view report, const std::string& token) {
    while (!report.empty()) {
      const auto line_end = report.find('\n');
      const json line = json::parse(report.substr(0, line_end), nullptr, false);
      report.remove_prefix(line_end == std::string_view::npos ? report.size() : line_end + 1);
      if (line.is_object()) take(line, token);
    }
  }

  void take(const json& line, const std::string& token) {
    try {
      if (line.contains("began")) {
        step_ = line["began"].get<std::string>();
        ++begun_;
        ++report_.steps;
      } else if (line.contains("found")) {
        const json& told = line["found"];
        add(told.value("where", ""), told.value("what", ""), told.value("instead", ""));
      } else if (line.contains("broken")) {
        add(step_, line["broken"].get<std::string>(), "");
        done_ = true;
      } else if (line.contains("hung")) {
        hung_ = true;
      } else if (line.value("done", "") == token) {
        done_ = true;
        takeEnd(line);
      }
    } catch (const json::exception&) {  // the plugin wrote there; what it says is nothing
    }
  }

  void takeEnd(const json& line) {
    report_.counts = {line.value("targets", std::size_t{0}), line.value("answered", std::size_t{0}),
                      line.value("calls", std::size_t{0})};
    report_.waist = line.value("waist", "");
    report_.table_bytes = line.value("table_bytes", std::size_t{0});
    report_.answers = line.value("answers", report_.answers);
  }

  void tellDeath(const ChildEnd& end) {
    const char* name = end.signal ? sigabbrev_np(*end.signal) : nullptr;
    if (hung_ || end.timed_out) {
      add(step_, "hangs",
          "wait for nothing but calls to the host, which come back in time; look at "
          "remaining() in a loop");
    } else if (end.signal) {
      add(step_, fmt::format("crashes: signal {} (SIG{})", *end.signal, name ? name : "?"),
          "look at the status of that call before what it was to give is used");
    } else {
      add(step_, fmt::format("ends its process with exit code {}", end.exit_code),
          "a plugin never exits: refuse, and the host decides");
    }
  }

  void add(std::string where, std::string what, std::string instead) {
    report_.findings.push_back({std::move(where), std::move(what), std::move(instead)});
  }

  const std::filesystem::path copy_;
  const json settings_;
  const TrialOptions& options_;
  TrialReport report_;
  std::set<std::string> killed_;
  std::string step_ = kLoading;
  std::size_t begun_ = 0;
  bool hung_ = false;
  bool done_ = false;
};

}  // namespace

TrialReport tryPlugin(const std::filesystem::path& copy, const HomeSettings& settings,
                      const TrialOptions& options) {
  return Trial{copy, settings, options}.run();
}

}  // namespace bulkhead::host
