#include "verify/trial_run.hpp"

#include <array>
#include <atomic>
#include <fmt/format.h>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "verify/fault_trial.hpp"
#include "verify/leak_probe.hpp"
#include "verify/trial_request.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kRounds = 8;

/// Many threads send the stage's request; how many refusals said nothing.
std::size_t muteAnswersAtOnce(TrialStage& stage) {
  std::atomic<std::size_t> mute{0};
  const auto call = [&] {
    for (std::size_t round = 0; round < kRounds; ++round) {
      const HttpResponse answer = stage.trialHome().send(*stage.route(), stage.request());
      if (answer.status >= 400 && answer.body.empty()) ++mute;
    }
  };
  std::vector<std::jthread> callers;
  for (std::size_t thread = 0; thread < kThreads; ++thread) callers.emplace_back(call);
  callers.clear();
  return mute;
}

}  // namespace

bool TrialRun::succeeds(const std::string& what, const char* instead,
                        const std::function<void()>& work) {
  const bool is_new = listener_.begin(what);
  if (listener_.hasKilled(what)) return false;
  try {
    work();
    return true;
  } catch (const std::exception& refusal) {
    if (is_new) listener_.found({what, fmt::format("failed: {}", refusal.what()), instead});
    return false;
  }
}

bool TrialRun::begin() {
  if (subject_.manifest.store &&
      !succeeds(kMigrating,
                "mend the statement: `sqlite3 :memory: < FILE` shows what the engine says of it",
                [&] { TrialWorld{subject_}.migrate(); }))
    return false;
  return succeeds(kBeginning, "--conf FILE tries it with the settings that it needs", [&] {
    TrialWorld world{subject_};
    TrialHome made{waist_.table(), subject_, world};
    made.start();
    learnTargets(made.home());
  });
}

void TrialRun::learnTargets(const PluginHome& home) {
  for (std::size_t i = 0; i < home.routes().size(); ++i) {
    const RegisteredRoute& route = *home.routes()[i];
    if (entryOf(route) != TrialEntry::None) entries_.push_back({false, i});
    if (entryOf(route) == TrialEntry::Call) answers_.push_back(route.path);
  }
  for (std::size_t i = 0; i < home.contributors().size(); ++i) contributors_.push_back({true, i});
}

void TrialRun::fail() {
  failWhileItBegins();
  failEachTarget();
  liveTwice();
  callAtOnce();
  liveAgain();
}

/// It may refuse to exist; then nothing of it is there, and the next one is as good as ever.
void TrialRun::failWhileItBegins() {
  std::vector<std::string> calls;
  {
    TrialWorld world{subject_};
    waist_.arm();
    TrialHome made{waist_.table(), subject_, world};
    made.start();
    calls = waist_.calls();
    waist_.disarm();
  }
  for (std::size_t call = 1; call <= calls.size(); ++call) {
    const auto& faults = faultsOf(calls[call - 1]);
    for (const CallFault& fault : {std::cref(faults.front()), std::cref(faults.back())}) {
      const std::string where = fmt::format("{}: call {} to the host ({}) {}", kBeginning, call,
                                            calls[call - 1], fault.words);
      if (!listener_.begin(where)) continue;
      TrialWorld world{subject_};
      waist_.arm(call, &fault);
      try {
        TrialHome made{waist_.table(), subject_, world};
        made.start();
      } catch (const Error&) {  // as it may
      }
      waist_.disarm();
      try {
        TrialHome again{waist_.table(), subject_, world};
        again.start();
      } catch (const Error& error) {
        listener_.found({where,
                         fmt::format("the second time it fails as well: {}", error.message()),
                         "let nothing stay behind of a create() or start() that was refused"});
      }
    }
  }
}

void TrialRun::failEachTarget() {
  for (const auto* targets : {&entries_, &contributors_}) {
    for (const TrialTarget target : *targets)
      FaultTrial{waist_, subject_, listener_, target, counts_}.run();
  }
}

/// As in a reload: the next generation is started while the last one still answers.
void TrialRun::liveTwice() {
  if (entries_.empty()) return;
  succeeds("started twice at once, as by a reload",
           "keep nothing in globals: what a plugin has belongs to the object that create() gave",
           [&] {
             TrialStage first{waist_, subject_, entries_.front()};
             const int status = first.ask().status;
             TrialStage second{waist_, subject_, entries_.front()};
             second.ask();
             first.changeKey();
             first.ask();
             first.home().stop();
             second.changeKey();
             const int later = TrialStage{waist_, subject_, entries_.front()}.ask().status;
             if (second.ask().status >= 500 && status < 500)
               throw Error::app("SECOND", "the second one failed when the first was stopped");
             if (later != status)
               throw Error::app(
                   "LATER", fmt::format("a later one answers {}, and the first {}", later, status));
           });
}

void TrialRun::callAtOnce() {
  if (entries_.empty()) return;
  succeeds("many calls at once", "handlers run on many threads: guard what they share", [&] {
    for (const TrialTarget target : entries_) {
      listener_.goOn();
      TrialStage stage{waist_, subject_, target};
      if (muteAnswersAtOnce(stage) > 0)
        throw Error::app("MUTE", fmt::format("{} had answers without a body", stage.name()));
    }
  });
}

void TrialRun::liveAgain() {
  const std::string where = "create, start, stop and destroy, again and again";
  if (!listener_.begin(where)) return;
  const std::string kept = leakOf([&] {
    listener_.goOn();
    TrialWorld world{subject_};
    TrialHome made{waist_.table(), subject_, world};
    made.start();
  });
  if (!kept.empty())
    listener_.found({where, fmt::format("keeps {} each time", kept),
                     "give back in stop() and destroy() what create() and start() took"});
}

}  // namespace bulkhead::host
