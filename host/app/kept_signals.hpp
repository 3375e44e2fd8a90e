#pragma once

#include <array>
#include <cstddef>
#include <signal.h>

namespace bulkhead::host {

/// What SIGSEGV and its like do, remembered: Poco's application takes them when it is made, and
/// aborts on each, which would hide the signal from exit status, core file and crash record.
class KeptSignals {
 public:
  KeptSignals() noexcept {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], nullptr, &actions_[i]);
  }
  void restore() const noexcept {
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &actions_[i], nullptr);
  }

 private:
  static constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGSYS};
  std::array<struct sigaction, kSignals.size()> actions_{};
};

}  // namespace bulkhead::host
