#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include <bulkhead/testing/fail_each_call.hpp>

namespace bulkhead::testing {

/// Counts the calls that a home makes to its host, and lets one of them fail. Thread-safe.
class CallFaults {
 public:
  /// From now on calls are counted from 1, and number `call` fails that way; 0 for none.
  void arm(std::size_t call, CallFailure way);
  /// From now on nothing fails and nothing is counted.
  void disarm();

  /// A call begins. Throws the host's Error when it fails before its effect, and any call of a home
  /// that has died. True: it dies after its effect, by die().
  bool begin(std::string_view name);
  [[noreturn]] void die();

  /// Whether the home has died and was not revived.
  bool isDead() const;
  void revive();
  std::size_t calls() const;
  /// The name of the call that failed; empty while none has.
  std::string failed() const;

 private:
  mutable std::mutex mutex_;
  bool armed_ = false;
  bool dead_ = false;
  std::size_t target_ = 0;
  std::size_t calls_ = 0;
  CallFailure way_ = CallFailure::Unavailable;
  std::string failed_;
};

}  // namespace bulkhead::testing
