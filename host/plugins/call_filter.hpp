#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <linux/filter.h>
#include <vector>

namespace bulkhead::host {

/// A filter of system calls (seccomp): a program of the kernel's classic BPF machine, from its
/// first test to its last. Calls of another machine's numbers end the process.
class CallFilter {
 public:
  /// What a refused call gets: SIGSYS, or EPERM as its answer.
  enum class Refusal { Signal, Error };

  explicit CallFilter(Refusal refusal);

  void refuse(int number);
  /// Answered with that errno, whatever the refusal is.
  void fail(int number, int error);
  void refuseUnlessEqual(int number, unsigned argument, std::uint32_t value);
  void refuseUnlessEither(int number, unsigned argument, std::uint32_t one, std::uint32_t other);
  void refuseIfAmong(int number, unsigned argument, std::initializer_list<std::uint32_t> values);
  /// For a pointer, which has two halves.
  void refuseUnlessNull(int number, unsigned argument);
  void refuseUnlessAnyBit(int number, unsigned argument, std::uint32_t bits);
  void refuseIfAnyBit(int number, unsigned argument, std::uint32_t bits);
  /// From now on, and for good: for this thread and those that it makes, or for every thread of the
  /// process. False when the kernel does not.
  bool install(bool every_thread);

 private:
  void add(unsigned code, std::uint32_t value, std::uint8_t if_true = 0, std::uint8_t if_false = 0);
  void load(std::size_t offset);
  void answer(std::uint32_t action);
  void examine(int number, unsigned argument, unsigned test, std::uint32_t value,
               bool true_is_good);

  const std::uint32_t refusal_;
  std::vector<sock_filter> code_;
};

}  // namespace bulkhead::host
