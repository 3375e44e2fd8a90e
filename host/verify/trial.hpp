#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "plugins/home_settings.hpp"
#include "verify/trial_run.hpp"

namespace bulkhead::host {

struct TrialOptions {
  /// Every call to the host fails once in each way; else only migrations, creation and start are
  /// tried.
  bool faults = false;
  /// Longest time of one step, each of which takes milliseconds; what takes longer hangs.
  std::chrono::milliseconds step_limit = std::chrono::seconds{10};
  /// Longest time of one child process, whose steps are many where routes are.
  std::chrono::milliseconds timeout = std::chrono::minutes{30};
  /// A program that answers `trial FILE` with runTrialChild(FILE); by default this one.
  std::filesystem::path executable = "/proc/self/exe";
};

struct TrialReport {
  std::vector<TrialFinding> findings;
  std::size_t steps = 0;  ///< that were tried
  TrialCounts counts;
  std::string waist;                 ///< that its table is of: "1.3"
  std::size_t table_bytes = 0;       ///< of its table
  std::vector<std::string> answers;  ///< calls of capabilities that it answers: "payments/1/refund"
};

/// Puts a private copy of a plugin to the trial in a child process, which is confined as a worker
/// is, has no sockets and writes no files: a real home, an empty store in memory, providers and
/// outside services that answer samples. For every route, and every call of a capability that it
/// answers, a request is made of its contract; each call to the host that it makes on the way then
/// fails once in each way (handlers of messages get an event made of its contract, or what the
/// plugin keeps for itself): every error kind, past its deadline, the store away, http not sent,
/// ambiguous, refused and answered with nonsense, no provider, and the home dying after a write.
/// The same for health contributors, create and start. A message that was not done with is handled
/// again, and has had its effect once then. Judged is that nothing crashes or hangs,
/// that each failure is told with an error body, that what was refused left nothing in the store
/// and what was acknowledged is there, that the second time works, and that again and again keeps
/// no memory, descriptor or thread. What kills or hangs the child is a finding, and the next child
/// goes on behind it. Blocks; throws Error when no child can be started.
TrialReport tryPlugin(const std::filesystem::path& copy, const HomeSettings& settings,
                      const TrialOptions& options = {});

/// The child's whole life: to be called from main() before anything else, with what follows `trial`
/// on the command line. Its order comes on standard input, its report goes to descriptor 3.
int runTrialChild(const std::filesystem::path& copy);

}  // namespace bulkhead::host
