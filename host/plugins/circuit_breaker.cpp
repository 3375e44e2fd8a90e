#include "plugins/circuit_breaker.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <string_view>
#include <utility>

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using Time = CircuitBreaker::Time;

constexpr std::size_t kTrials = 3;  ///< at once, and that succeed before it closes
constexpr milliseconds kTrialPatience{10'000};
constexpr milliseconds kLongestPause{60'000};

enum class Outcome { Good, Refused, Failed, Unknown };

bool isOwnCode(std::string_view code) {
  constexpr std::array<std::string_view, 3> kCodes{"PLUGIN_CRASHED", "POISON_REQUEST",
                                                   "DEADLINE_EXCEEDED"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

/// A store that is away or an outside service that fails is not the plugin's fault, and a client's
/// mistake is nobody's here.
Outcome outcomeOf(const HttpResponse& response) {
  if (response.status < 400) return Outcome::Good;
  if (response.status < 500) return Outcome::Refused;
  const Refusal& refusal = response.refusal;
  const bool threw = response.status == 500 && refusal.kind == ErrorKind::App;
  return threw || isOwnCode(refusal.code) ? Outcome::Failed : Outcome::Unknown;
}

}  // namespace

struct CircuitBreaker::Shared {
  Shared(CircuitLimits given, Changed told) : limits{given}, changed{std::move(told)} {}

  mutable std::mutex mutex;
  CircuitLimits limits;
  const Changed changed;
  /// State and count of its changes: a permit knows the one that it is of. Written under the lock.
  std::atomic<std::uint64_t> era{0};
  std::atomic<std::size_t> run{0};  ///< of failures, while it is closed
  std::size_t trials = 0;           ///< that are out, of this era
  std::size_t good = 0;             ///< that have come back
  Time last_trial{};
  Time open_until{};
  milliseconds pause{0};
  std::uint64_t opens = 0;
  std::size_t failures = 0;
  std::string last_failure;

  static CircuitState stateOf(std::uint64_t era) { return static_cast<CircuitState>(era & 3U); }
  CircuitState state() const { return stateOf(era.load(std::memory_order_acquire)); }

  void enter(CircuitState next) {
    era = ((era >> 2U) + 1) << 2U | static_cast<std::uint64_t>(next);
    trials = good = 0;
    run = 0;
  }

  /// Under the lock. True when the call is a trial.
  bool takeTrial(Time now) {
    if (state() == CircuitState::Open) {
      if (now < open_until) return false;
      enter(CircuitState::HalfOpen);
    }
    if (trials >= kTrials) {
      if (now < last_trial + kTrialPatience) return false;
      const std::size_t kept = good;
      enter(CircuitState::HalfOpen);  // those that are out are nobody's trials any more
      good = kept;
    }
    ++trials;
    last_trial = now;
    return true;
  }

  void open(Time now, std::size_t in_a_row, std::string_view failure) {
    pause = state() == CircuitState::Closed ? limits.pause : std::min(2 * pause, kLongestPause);
    failures = in_a_row;
    last_failure = failure;
    ++opens;
    open_until = now + pause;
    enter(CircuitState::Open);
  }

  CircuitStatus statusLocked(Time now) const {
    CircuitStatus status;
    status.state = state();
    status.opens = opens;
    status.last_failure = last_failure;
    status.failures = failures;
    if (status.state == CircuitState::Open)
      status.wait = std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(open_until - now));
    return status;
  }

  /// Under the lock. True when the state is another one now.
  bool judge(std::uint64_t of, Outcome outcome, std::string_view failure) {
    if (of != era) return false;
    const Time now = std::chrono::steady_clock::now();
    if (stateOf(of) == CircuitState::Closed) {
      if (outcome != Outcome::Failed || limits.failures == 0) return false;
      if (++run < limits.failures) return false;
      open(now, run, failure);
      return true;
    }
    --trials;
    if (outcome == Outcome::Unknown) return false;
    if (outcome == Outcome::Failed) {
      open(now, failures + 1, failure);
      return true;
    }
    if (++good < kTrials) return false;
    enter(CircuitState::Closed);
    return true;
  }

  void comeBack(std::uint64_t of, Outcome outcome, std::string_view failure) {
    if (stateOf(of) == CircuitState::Closed && outcome != Outcome::Failed) {
      if (outcome == Outcome::Good && run.load(std::memory_order_relaxed) != 0) run = 0;
      return;
    }
    CircuitStatus now;
    {
      const std::lock_guard lock{mutex};
      if (!judge(of, outcome, failure)) return;
      now = statusLocked(std::chrono::steady_clock::now());
    }
    if (changed) changed(now);
  }
};

class CircuitBreaker::Permit final : public AnswerWatcher {
 public:
  Permit(std::shared_ptr<Shared> breaker, std::uint64_t era)
      : breaker_{std::move(breaker)}, era_{era} {}
  ~Permit() override { comeBack(Outcome::Unknown, {}); }

  void answered(const HttpResponse& response) noexcept override {
    const std::string_view code = response.refusal.code;
    comeBack(outcomeOf(response), code.empty() ? std::string_view{"500"} : code);
  }

 private:
  void comeBack(Outcome outcome, std::string_view failure) noexcept {
    if (const auto breaker = std::exchange(breaker_, nullptr))
      breaker->comeBack(era_, outcome, failure);
  }

  std::shared_ptr<Shared> breaker_;  ///< null: it has come back
  const std::uint64_t era_;
};

CircuitBreaker::CircuitBreaker(CircuitLimits limits, Changed changed)
    : shared_{std::make_shared<Shared>(limits, std::move(changed))} {}

std::unique_ptr<AnswerWatcher> CircuitBreaker::enter() {
  const std::uint64_t era = shared_->era.load(std::memory_order_acquire);
  if (Shared::stateOf(era) != CircuitState::Closed) return enter(std::chrono::steady_clock::now());
  return std::make_unique<Permit>(shared_, era);
}

std::unique_ptr<AnswerWatcher> CircuitBreaker::enter(Time now) {
  std::uint64_t era = shared_->era.load(std::memory_order_acquire);
  if (Shared::stateOf(era) != CircuitState::Closed) {
    const std::lock_guard lock{shared_->mutex};
    if (shared_->state() != CircuitState::Closed && !shared_->takeTrial(now)) return nullptr;
    era = shared_->era;
  }
  return std::make_unique<Permit>(shared_, era);
}

void CircuitBreaker::setLimits(CircuitLimits limits) {
  const std::lock_guard lock{shared_->mutex};
  shared_->limits = limits;
}

void CircuitBreaker::reset() {
  const std::lock_guard lock{shared_->mutex};
  shared_->enter(CircuitState::Closed);
}

CircuitStatus CircuitBreaker::status(Time now) const {
  const std::lock_guard lock{shared_->mutex};
  CircuitStatus status = shared_->statusLocked(now);
  status.permits = static_cast<std::size_t>(shared_.use_count()) - 1;  // each permit holds it
  return status;
}

}  // namespace bulkhead::host
