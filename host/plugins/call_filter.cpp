#include "plugins/call_filter.hpp"

#include <cerrno>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::host {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "name this machine's audit architecture here"
#endif

}  // namespace

CallFilter::CallFilter(Refusal refusal)
    : refusal_{refusal == Refusal::Signal ? SECCOMP_RET_TRAP : SECCOMP_RET_ERRNO | EPERM} {
  load(offsetof(seccomp_data, arch));
  add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
  answer(SECCOMP_RET_KILL_PROCESS);
  load(offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);  // the same calls by their x32 numbers
  answer(SECCOMP_RET_KILL_PROCESS);
#endif
}

void CallFilter::refuse(int number) {
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1);
  answer(refusal_);
}

void CallFilter::fail(int number, int error) {
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1);
  answer(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
}

void CallFilter::refuseUnlessEqual(int number, unsigned argument, std::uint32_t value) {
  examine(number, argument, BPF_JMP | BPF_JEQ | BPF_K, value, true);
}

void CallFilter::refuseUnlessEither(int number, unsigned argument, std::uint32_t one,
                                    std::uint32_t other) {
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 5);
  load(offsetof(seccomp_data, args) + argument * sizeof(seccomp_data::args[0]));
  add(BPF_JMP | BPF_JEQ | BPF_K, one, 2, 0);
  add(BPF_JMP | BPF_JEQ | BPF_K, other, 1, 0);
  answer(refusal_);
  answer(SECCOMP_RET_ALLOW);
}

void CallFilter::refuseIfAmong(int number, unsigned argument,
                               std::initializer_list<std::uint32_t> values) {
  const auto count = static_cast<std::uint8_t>(values.size());
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0,
      static_cast<std::uint8_t>(count + 3));
  load(offsetof(seccomp_data, args) + argument * sizeof(seccomp_data::args[0]));
  std::uint8_t left = count;
  for (const std::uint32_t value : values)
    add(BPF_JMP | BPF_JEQ | BPF_K, value, left--, 0);  // to the refusal, behind the permission
  answer(SECCOMP_RET_ALLOW);
  answer(refusal_);
}

void CallFilter::refuseUnlessNull(int number, unsigned argument) {
  constexpr std::size_t kHalf = sizeof(std::uint32_t);
  const std::size_t offset =
      offsetof(seccomp_data, args) + argument * sizeof(seccomp_data::args[0]);
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 6);
  load(offset);
  add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
  load(offset + kHalf);
  add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
  answer(refusal_);
  answer(SECCOMP_RET_ALLOW);
}

void CallFilter::refuseUnlessAnyBit(int number, unsigned argument, std::uint32_t bits) {
  examine(number, argument, BPF_JMP | BPF_JSET | BPF_K, bits, true);
}

void CallFilter::refuseIfAnyBit(int number, unsigned argument, std::uint32_t bits) {
  examine(number, argument, BPF_JMP | BPF_JSET | BPF_K, bits, false);
}

bool CallFilter::install(bool every_thread) {
  answer(SECCOMP_RET_ALLOW);
  const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
  const unsigned long flags = every_thread ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0;
}

void CallFilter::add(unsigned code, std::uint32_t value, std::uint8_t if_true,
                     std::uint8_t if_false) {
  code_.push_back({static_cast<std::uint16_t>(code), if_true, if_false, value});
}

void CallFilter::load(std::size_t offset) {
  add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

void CallFilter::answer(std::uint32_t action) {
  add(BPF_RET | BPF_K, action);
}

/// Five steps that a call of another number jumps over.
void CallFilter::examine(int number, unsigned argument, unsigned test, std::uint32_t value,
                         bool true_is_good) {
  add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 4);
  load(offsetof(seccomp_data, args) + argument * sizeof(seccomp_data::args[0]));
  add(test, value, true_is_good ? 1 : 0, true_is_good ? 0 : 1);
  answer(refusal_);
  answer(SECCOMP_RET_ALLOW);
}

}  // namespace bulkhead::host
