#include "plugins/worker_sandbox.hpp"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/call_filter.hpp"
#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {
namespace {

#ifdef BULKHEAD_SANITIZED
constexpr bool kConfines = false;  // the leak checker makes a process of its own
#else
constexpr bool kConfines = true;
#endif

constexpr int kRefused[] = {
    // another program, and another process, which would outlive this one
    __NR_execve, __NR_execveat,
#ifdef __NR_fork
    __NR_fork, __NR_vfork,
#endif
    // other processes
    __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_process_madvise,
    __NR_pidfd_send_signal, __NR_pidfd_getfd, __NR_tkill, __NR_rt_sigqueueinfo,
    __NR_rt_tgsigqueueinfo, __NR_kcmp,
    // the machine and its namespaces
    __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_unshare, __NR_setns,
    __NR_open_tree, __NR_move_mount, __NR_fsopen, __NR_fsmount, __NR_init_module, __NR_finit_module,
    __NR_delete_module, __NR_reboot, __NR_kexec_load, __NR_swapon, __NR_swapoff, __NR_sethostname,
    __NR_setdomainname, __NR_settimeofday, __NR_clock_settime, __NR_adjtimex, __NR_clock_adjtime,
    __NR_acct, __NR_syslog, __NR_quotactl, __NR_open_by_handle_at,
    // memory that is nobody's: written and not mapped, or there after its process
    __NR_memfd_create, __NR_memfd_secret, __NR_shmget, __NR_msgget, __NR_semget, __NR_mq_open,
    __NR_vmsplice,
    // the kernel's own machines; what goes through the ring of io_uring meets no filter
    __NR_bpf, __NR_keyctl, __NR_add_key, __NR_request_key, __NR_userfaultfd, __NR_perf_event_open,
    __NR_io_uring_setup};

constexpr std::uint32_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/// Rules are for files, and the least of them brings the wall between processes with it: no plugin
/// makes devices. To move files between folders needs a rule of its own from the second version on.
constexpr std::uint64_t kNoDevices = LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_CHAR;

bool allowEverywhere(int rules, std::uint64_t access) {
  const FileDescriptor root{open("/", O_PATH | O_CLOEXEC)};
  landlock_path_beneath_attr beneath{};
  beneath.allowed_access = access;
  beneath.parent_fd = root.get();
  return root &&
         syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
}

/// What root may of files that are not its own: a data folder may be another user's. Without the
/// others it opens nothing of a process that has more.
constexpr std::uint32_t kRightsOnFiles = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE |
                                         1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER |
                                         1U << CAP_FSETID;

bool dropOtherRights() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct rights[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, rights) != 0) return false;
  for (auto* const set : {&rights[0].effective, &rights[0].permitted, &rights[0].inheritable})
    *set &= kRightsOnFiles;
  rights[1] = {};
  return syscall(SYS_capset, &header, rights) == 0;
}

}  // namespace

bool hideOtherProcesses() {
  if (!dropOtherRights()) return false;
  const auto version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  const std::uint64_t moves = version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kNoDevices | moves;
  const FileDescriptor rules{
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0))};
  if (!rules || (moves != 0 && !allowEverywhere(rules.get(), moves))) return false;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0;
}

bool confineWorker() {
  if (!kConfines) return false;
  CallFilter filter{CallFilter::Refusal::Error};
  for (const int number : kRefused) filter.refuse(number);
  filter.fail(__NR_clone3, ENOSYS);  // its flags cannot be seen; without it clone is used
  static_assert((kNamespaces & CLONE_THREAD) == 0);
  filter.refuseUnlessAnyBit(__NR_clone, 0, CLONE_THREAD);
  const auto self = static_cast<std::uint32_t>(getpid());
  filter.refuseUnlessEqual(__NR_kill, 0, self);
  filter.refuseUnlessEqual(__NR_tgkill, 0, self);
  for (const int number : {__NR_prlimit64, __NR_sched_setaffinity, __NR_sched_setscheduler,
                           __NR_sched_setparam, __NR_sched_setattr})
    filter.refuseUnlessEither(number, 0, 0, self);
  for (const int number : {__NR_setpriority, __NR_ioprio_set})
    filter.refuseUnlessEither(number, 1, 0, self);
  // who gets the signals of a descriptor, and which; and pipes that hold more than others
  filter.refuseIfAmong(__NR_fcntl, 1, {F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETPIPE_SZ});
  filter.refuseIfAmong(__NR_ioctl, 1, {FIOSETOWN, SIOCSPGRP});
  // on the host's own sockets whoever has its user is an administrator
  filter.refuseIfAmong(__NR_socket, 0, {AF_UNIX});
  return filter.install(true);
}

}  // namespace bulkhead::host
