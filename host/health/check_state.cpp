#include "health/check_state.hpp"

#include <utility>

namespace bulkhead::host::health {

using std::chrono::duration_cast;
using std::chrono::microseconds;

CheckState::CheckState(const CheckSpec& spec, TimePoint now)
    : timeout_{spec.timeout},
      failure_threshold_{spec.failure_threshold},
      success_threshold_{spec.success_threshold},
      next_due_{now} {
  report_.name = spec.name;
  report_.owner = spec.owner;
  report_.kind = spec.kind;
  report_.weights = spec.weights;
  report_.interval = spec.interval;
  report_.registered = now;
}

void CheckState::begin(TimePoint now) {
  running_ = true;
  abandoned_ = false;
  ever_begun_ = true;
  begun_ = now;
  deadline_ = now + timeout_;
}

void CheckState::finish(CheckResult result, TimePoint now, double jitter) {
  running_ = false;
  report_.hung = false;
  const auto pause = duration_cast<microseconds>(report_.interval * jitter);
  next_due_ = std::exchange(again_, false) ? now : now + pause;
  if (std::exchange(abandoned_, false)) return;
  report_.duration = duration_cast<microseconds>(now - begun_);
  apply(std::move(result), now);
}

void CheckState::timeOut(TimePoint now) {
  abandoned_ = true;
  report_.hung = true;
  report_.duration = duration_cast<microseconds>(now - begun_);
  deadline_ = now + report_.interval;
  apply({Status::Critical, "timeout", "The check did not answer in time.", {}, {}, {}}, now);
}

bool CheckState::requestNow(TimePoint now) {
  if (running_ || (ever_begun_ && now - begun_ < std::chrono::seconds{1})) return false;
  next_due_ = now;
  return true;
}

void CheckState::runAgain(TimePoint now) {
  if (running_)
    again_ = true;
  else
    next_due_ = now;
}

void CheckState::apply(CheckResult result, TimePoint now) {
  const Status found = result.status;
  result.message = publicMessage(result.message);
  report_.last = std::move(result);
  const bool first = !report_.ended.has_value();
  report_.ended = now;
  if (found == Status::Healthy) report_.succeeded = now;
  report_.failures_in_a_row = found == Status::Healthy ? 0 : report_.failures_in_a_row + 1;
  // The first result is believed at once: there is nothing to damp it against.
  if (first) {
    report_.status = found;
  } else {
    damp(found);
  }
}

void CheckState::damp(Status found) {
  worse_in_a_row_ = found > report_.status ? worse_in_a_row_ + 1 : 0;
  better_in_a_row_ = found < report_.status ? better_in_a_row_ + 1 : 0;
  if (worse_in_a_row_ < failure_threshold_ && better_in_a_row_ < success_threshold_) return;
  if (found == report_.status) return;
  report_.status = found;
  worse_in_a_row_ = 0;
  better_in_a_row_ = 0;
}

}  // namespace bulkhead::host::health
