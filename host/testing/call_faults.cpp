#include "testing/call_faults.hpp"

#include <bulkhead/error.hpp>

#include "data/database_error.hpp"

namespace bulkhead::testing {
namespace {

[[noreturn]] void throwDeath() {
  throw Error::app("PLUGIN_CRASHED", "The home has died.");
}

}  // namespace

void CallFaults::arm(std::size_t call, CallFailure way) {
  const std::lock_guard lock{mutex_};
  armed_ = true;
  dead_ = false;
  target_ = call;
  calls_ = 0;
  way_ = way;
  failed_.clear();
}

void CallFaults::disarm() {
  const std::lock_guard lock{mutex_};
  armed_ = false;
}

bool CallFaults::begin(std::string_view name) {
  const std::lock_guard lock{mutex_};
  if (dead_) throwDeath();
  if (!armed_ || ++calls_ != target_) return false;
  failed_ = name;
  if (way_ == CallFailure::Unavailable) throw host::data::databaseUnavailable();
  if (way_ == CallFailure::DeadlineExceeded) throw host::data::deadlineExceeded();
  return true;
}

void CallFaults::die() {
  {
    const std::lock_guard lock{mutex_};
    dead_ = true;
  }
  throwDeath();
}

bool CallFaults::isDead() const {
  const std::lock_guard lock{mutex_};
  return dead_;
}

void CallFaults::revive() {
  const std::lock_guard lock{mutex_};
  dead_ = false;
}

std::size_t CallFaults::calls() const {
  const std::lock_guard lock{mutex_};
  return calls_;
}

std::string CallFaults::failed() const {
  const std::lock_guard lock{mutex_};
  return failed_;
}

}  // namespace bulkhead::testing
