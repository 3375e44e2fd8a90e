#include <algorithm>
#include <fmt/format.h>
#include <thread>
#include <utility>

#include "plugins/compartment_life.hpp"
#include "plugins/pin.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

constexpr milliseconds kLook{10};
constexpr milliseconds kEndPatience{5'000};

}  // namespace

SuccessionReport Compartment::succeedAfterPause(const SuccessionOrder& order) {
  SuccessionReport report;
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t line = 0;
  if (auto refusal = pause(order.patience, line, report)) {
    rollBack(*refusal, report);
    return report;
  }
  bool kept = false;
  if (auto refusal = startNext(order, line, report, kept)) {
    report.refused_as = refusal->state;
    report.problem = std::move(refusal->reason);
    comeBack(*order.interlude, kept, line, report);
  }
  report.paused_for = elapsedSince(begin);
  return report;
}

/// Ends what runs once its calls have ended; new ones wait. Refused when they do not end: it goes
/// on.
std::optional<Compartment::Refusal> Compartment::pause(milliseconds patience, std::uint64_t& line,
                                                       SuccessionReport& report) {
  const auto begin = std::chrono::steady_clock::now();
  std::shared_ptr<Life> life;
  {
    const std::lock_guard lock{mutex_};
    closed_as_.reset();
    if (!life_ && !awaited_) closed_as_ = {status_.state, status_.reason};
    if (!life_ || status_.state != PluginState::Running)
      return Refusal{PluginState::Failed, "It did not run at that moment; try again."};
    life = std::exchange(life_, nullptr);
    report.version_before = status_.version;
    report.generation_before = status_.generation;
    report.drained = life->calls();
    line = ++line_;
    awaited_ = true;
    enterLocked(PluginState::Draining, "It is paused while its store is changed.");
  }
  if (!awaitQuiet(*life, begin + patience) && resume(life, line)) {
    return Refusal{
        PluginState::Failed,
        fmt::format("It cannot be paused: its calls did not end within {} ms.", patience.count())};
  }
  report.drained_in = elapsedSince(begin);
  report.left_behind = !end(life, std::chrono::steady_clock::now() + kEndPatience);
  return std::nullopt;
}

bool Compartment::awaitQuiet(const Life& life, Time until) const {
  std::this_thread::sleep_for(kCallsLinger);
  while (life.calls() > 0) {
    if (hurried_ || std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

/// As if nothing had been, the line of generations included: whoever looks after the home knows it
/// by that. False when it has ended, or was closed, meanwhile.
bool Compartment::resume(const std::shared_ptr<Life>& life, std::uint64_t line) {
  std::vector<std::shared_ptr<HomeCall>> waiting;
  {
    const std::lock_guard lock{mutex_};
    if (line != line_ || !life->home->isAlive()) return false;
    --line_;
    life_ = life;
    awaited_ = false;
    waiting.swap(parked_);
    enterLocked(PluginState::Running, {});
  }
  resubmit(waiting);
  return true;
}

std::optional<Compartment::Refusal> Compartment::startNext(const SuccessionOrder& order,
                                                           std::uint64_t line,
                                                           SuccessionReport& report, bool& kept) {
  std::shared_ptr<Life> life;
  std::optional<Refusal> refusal;
  try {
    order.interlude->keep();
    kept = true;
    const auto begin = std::chrono::steady_clock::now();
    life = makePinned<Life>(order.interlude->next());
    refusal = prepare(life, order);
    report.started_in = elapsedSince(begin);
    std::shared_ptr<Life> none;
    if (!refusal) refusal = swap(life, order, line, none, report);
  } catch (const std::exception& error) {
    refusal = Refusal{PluginState::Failed,
                      kept ? std::string{error.what()}
                           : fmt::format("Its store could not be copied: {}", error.what())};
  }
  {
    const std::lock_guard lock{mutex_};
    beside_.reset();  // `life` keeps it
  }
  if (!refusal && order.swapped) order.swapped();
  if (refusal && life) {
    if (life->stands_still) life->home->fenceStore();
    discard(std::move(life));
  }
  return refusal;
}

/// The old generation in a new home, on the store that it had.
void Compartment::comeBack(const Interlude& interlude, bool kept, std::uint64_t line,
                           SuccessionReport& report) {
  std::string problem;
  try {
    if (kept) interlude.put_back();
    auto life = makePinned<Life>(interlude.previous());
    if (auto refusal = startAgain(life)) {
      problem = std::move(refusal->reason);
    } else if (install(life, line, false, problem)) {
      interlude.resumed();
      report.generation = status().generation;
      return;
    }
    discard(std::move(life));
  } catch (const std::exception& error) {
    problem = error.what();
  }
  report.lost = true;
  report.problem += fmt::format(" The one before it could not come back: {}", problem);
  giveUpWaiting(line, PluginState::Failed, report.problem);
}

}  // namespace bulkhead::host
