#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <bulkhead/abi.h>

#include "verify/faulty_waist.hpp"
#include "verify/trial_home.hpp"
#include "verify/trial_stage.hpp"

namespace bulkhead::host {

/// What a trial found wrong.
struct TrialFinding {
  std::string where;    ///< "GET /api/greeter/v1/hello/{name}: call 2 (tx_read) past its deadline"
  std::string what;     ///< "ended its process ..."
  std::string instead;  ///< what the author does about it
};

/// Where a finding is that was made before the plugin ran.
inline constexpr const char* kLoading = "loading it";
inline constexpr const char* kMigrating = "migrations on an empty store";
inline constexpr const char* kBeginning = "create and start";

/// Who follows a trial.
class TrialListener {
 public:
  virtual ~TrialListener() = default;
  /// What is tried next; false: it is passed over, since it was tried before.
  virtual bool begin(const std::string& what) = 0;
  /// What was begun goes on, one time more.
  virtual void goOn() = 0;
  /// Whether the process died of it before: then nothing that follows from it can be tried.
  virtual bool hasKilled(const std::string& what) const = 0;
  virtual void found(TrialFinding finding) = 0;
};

/// How much was tried.
struct TrialCounts {
  std::size_t targets = 0;   ///< routes, calls that it answers, handlers, health contributors
  std::size_t answered = 0;  ///< of them, well with nothing failing
  std::size_t calls = 0;     ///< that they make to the host
};

/// Puts a plugin to the trial, in this process, which may not survive it. See trial.hpp for what is
/// tried and judged. All borrowed.
class TrialRun {
 public:
  TrialRun(const bulkhead_plugin& table, const TrialSubject& subject, TrialListener& listener)
      : waist_{table}, subject_{subject}, listener_{listener} {}

  /// Its migrations, on an empty store, and its creation and start. False when nothing more can be
  /// tried.
  bool begin();
  /// Everything else.
  void fail();
  const TrialCounts& counts() const { return counts_; }
  /// Calls of capabilities that it answers; known after begin().
  const std::vector<std::string>& answers() const { return answers_; }

 private:
  void learnTargets(const PluginHome& home);
  void failWhileItBegins();
  void failEachTarget();
  void liveTwice();
  void callAtOnce();
  void liveAgain();
  bool succeeds(const std::string& what, const char* instead, const std::function<void()>& work);

  FaultyWaist waist_;
  const TrialSubject& subject_;
  TrialListener& listener_;
  TrialCounts counts_;
  std::vector<TrialTarget> entries_;
  std::vector<TrialTarget> contributors_;
  std::vector<std::string> answers_;
};

}  // namespace bulkhead::host
