#include "plugins/preflight_sandbox.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/call_filter.hpp"
#include "plugins/preflight_protocol.hpp"

namespace bulkhead::host {
namespace {

/// Longest that a child lives whose host has died where the kernel does not say so.
constexpr unsigned kOrphanSeconds = 60;

struct SystemCall {
  int number;
  const char* name;
};

#define BULKHEAD_CALL(name) \
  { __NR_##name, #name }
/// Refused whatever their arguments are.
constexpr SystemCall kRefused[] = {
    BULKHEAD_CALL(execve),
    BULKHEAD_CALL(execveat),
    BULKHEAD_CALL(ptrace),
    BULKHEAD_CALL(process_vm_readv),
    BULKHEAD_CALL(process_vm_writev),
    BULKHEAD_CALL(pidfd_send_signal),
    BULKHEAD_CALL(pidfd_getfd),
    BULKHEAD_CALL(tkill),
    BULKHEAD_CALL(rt_sigqueueinfo),
    BULKHEAD_CALL(rt_tgsigqueueinfo),
    BULKHEAD_CALL(setpgid),
    BULKHEAD_CALL(setsid),
    BULKHEAD_CALL(socket),
    BULKHEAD_CALL(unlinkat),
    BULKHEAD_CALL(renameat2),
    BULKHEAD_CALL(mkdirat),
    BULKHEAD_CALL(linkat),
    BULKHEAD_CALL(symlinkat),
    BULKHEAD_CALL(mknodat),
    BULKHEAD_CALL(truncate),
    BULKHEAD_CALL(ftruncate),
    BULKHEAD_CALL(fchmod),
    BULKHEAD_CALL(fchmodat),
    BULKHEAD_CALL(fchown),
    BULKHEAD_CALL(fchownat),
    BULKHEAD_CALL(openat2),
    BULKHEAD_CALL(open_by_handle_at),
    BULKHEAD_CALL(mount),
    BULKHEAD_CALL(umount2),
    BULKHEAD_CALL(pivot_root),
    BULKHEAD_CALL(chroot),
    BULKHEAD_CALL(unshare),
    BULKHEAD_CALL(setns),
    BULKHEAD_CALL(bpf),
    BULKHEAD_CALL(keyctl),
    BULKHEAD_CALL(add_key),
    BULKHEAD_CALL(request_key),
    BULKHEAD_CALL(init_module),
    BULKHEAD_CALL(finit_module),
    BULKHEAD_CALL(delete_module),
    BULKHEAD_CALL(reboot),
    BULKHEAD_CALL(kexec_load),
    BULKHEAD_CALL(swapon),
    BULKHEAD_CALL(swapoff),
    BULKHEAD_CALL(sethostname),
    BULKHEAD_CALL(setdomainname),
    BULKHEAD_CALL(settimeofday),
    BULKHEAD_CALL(clock_settime),
    BULKHEAD_CALL(adjtimex),
    BULKHEAD_CALL(setrlimit),
    BULKHEAD_CALL(io_uring_setup),  // what goes through its ring meets no filter
    BULKHEAD_CALL(userfaultfd),
    BULKHEAD_CALL(perf_event_open),
    BULKHEAD_CALL(setpriority),
    BULKHEAD_CALL(ioprio_set),
    BULKHEAD_CALL(shmget),
    BULKHEAD_CALL(semget),
    BULKHEAD_CALL(msgget),
    BULKHEAD_CALL(mq_open),
    BULKHEAD_CALL(renameat),
#ifdef __NR_fork  // the older forms, which not every machine has
    BULKHEAD_CALL(fork),
    BULKHEAD_CALL(vfork),
    BULKHEAD_CALL(unlink),
    BULKHEAD_CALL(rename),
    BULKHEAD_CALL(mkdir),
    BULKHEAD_CALL(rmdir),
    BULKHEAD_CALL(link),
    BULKHEAD_CALL(symlink),
    BULKHEAD_CALL(mknod),
    BULKHEAD_CALL(creat),
    BULKHEAD_CALL(chmod),
    BULKHEAD_CALL(chown),
    BULKHEAD_CALL(lchown),
#endif
};

/// Refused for some arguments only.
constexpr SystemCall kConditional[] = {
    BULKHEAD_CALL(clone),     BULKHEAD_CALL(kill),   BULKHEAD_CALL(tgkill),
    BULKHEAD_CALL(prlimit64), BULKHEAD_CALL(openat),
#ifdef __NR_open
    BULKHEAD_CALL(open),
#endif
};
#undef BULKHEAD_CALL

void (*refused_call)(const char*) = nullptr;

const char* nameOf(int number) {
  for (const auto& call : kRefused) {
    if (call.number == number) return call.name;
  }
  for (const auto& call : kConditional) {
    if (call.number == number) return call.name;
  }
  return "a system call";
}

void onRefusedCall(int, siginfo_t* info, void*) {
  refused_call(nameOf(info->si_syscall));
  _exit(1);
}

void limit(__rlimit_resource_t resource, rlim_t soft, rlim_t hard) {
  const rlimit both{soft, hard};
  setrlimit(resource, &both);
}

void limitResources() {
  limit(RLIMIT_CORE, 0, 0);
  limit(RLIMIT_FSIZE, 0, 0);
  limit(RLIMIT_NOFILE, kPreflightDescriptors, kPreflightDescriptors);
#ifndef BULKHEAD_SANITIZED  // instrumented code needs several times as much
  limit(RLIMIT_CPU, kPreflightCpuSeconds, kPreflightCpuSeconds + 1);
  limit(RLIMIT_AS, kPreflightMemoryBytes, kPreflightMemoryBytes);
#endif
  alarm(kOrphanSeconds);
}

[[maybe_unused]] void filterCalls() {
  struct sigaction action {};
  action.sa_sigaction = onRefusedCall;
  action.sa_flags = SA_SIGINFO;
  if (sigaction(SIGSYS, &action, nullptr) != 0) return;
  CallFilter filter{CallFilter::Refusal::Signal};
  for (const auto& call : kRefused) filter.refuse(call.number);
  filter.fail(__NR_clone3, ENOSYS);  // its flags cannot be seen; without it clone is used
  filter.refuseUnlessAnyBit(__NR_clone, 0, CLONE_THREAD);
  const auto self = static_cast<std::uint32_t>(getpid());
  filter.refuseUnlessEqual(__NR_kill, 0, self);
  filter.refuseUnlessEqual(__NR_tgkill, 0, self);
  filter.refuseUnlessNull(__NR_prlimit64, 2);
  filter.refuseIfAnyBit(__NR_openat, 2, O_CREAT | O_TRUNC);
#ifdef __NR_open
  filter.refuseIfAnyBit(__NR_open, 1, O_CREAT | O_TRUNC);
#endif
  filter.install(false);
}

}  // namespace

void confinePreflight(void (*refused)(const char* system_call)) {
  refused_call = refused;
  limitResources();
#ifndef BULKHEAD_SANITIZED  // the leak checker makes a process of its own
  filterCalls();
#endif
}

void dieWithParent() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace bulkhead::host
