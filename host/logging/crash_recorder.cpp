#include "logging/crash_recorder.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <system_error>
#include <ucontext.h>
#include <unistd.h>

#include "logging/loaded_modules.hpp"
#include "logging/log_system.hpp"
#include "logging/signal_safe_text.hpp"
#include "logging/work_in_hand.hpp"

namespace bulkhead::host {
namespace {

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr std::size_t kStackBytes = 128 * 1024;
constexpr int kFramesMax = 64;
constexpr int kOthersWaitMs = 15'000;

/// Everything that the handler needs, written before it is installed.
struct Recorder {
  std::atomic<bool> installed{false};
  int descriptor = -1;
  pid_t process = 0;
  std::int64_t started_ms = 0;
  std::string path;
  std::string version;
  std::string revision;
  void (*write_last_lines)(int descriptor) = nullptr;
  unsigned seconds_max = 0;
  std::atomic<pid_t> owner{0};  ///< thread that writes the record
  std::atomic<int> stage{0};
  int signal = 0;  ///< the one that began it
  std::array<bool, kSignals.size()> taken{};
};
Recorder recorder;

std::int64_t millisecondsOf(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::string_view signalName(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGABRT";
  }
}

std::uintptr_t programCounter(const ucontext_t& context) {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return static_cast<std::uintptr_t>(context.uc_mcontext.pc);
#else
  return 0;
#endif
}

void addAddress(SignalSafeText& text, std::uintptr_t address) {
  text.addHex(address);
  const LoadedModule* module = findModule(address);
  if (module == nullptr) return;
  text.add(" ").add(module->pathText()).add("+").addHex(address - module->base);
  if (!module->buildId().empty()) text.add(" build-id ").add(module->buildId());
}

void writeSignal(SignalSafeText& text, int signal, const siginfo_t& info) {
  text.add("bulkhead crash record 1\nsignal: ").add(signalName(signal));
  text.add("\nsignal_number: ").addNumber(signal);
  text.add("\nsignal_code: ").addNumber(info.si_code);
  if (info.si_code > 0 && signal != SIGABRT)
    text.add("\naddress: ").addHex(reinterpret_cast<std::uintptr_t>(info.si_addr));
  text.add("\ntime: ").addTime(millisecondsOf(CLOCK_REALTIME) / 1000);
  text.add("\nuptime_ms: ").addNumber(millisecondsOf(CLOCK_MONOTONIC) - recorder.started_ms);
  text.add("\nprocess: ").addNumber(recorder.process);
  text.add("\nversion: ").add(recorder.version).add("\nrevision: ").add(recorder.revision);
  if (const LoadedModule* program = programModule())
    text.add("\nbuild_id: ").add(program->buildId());
}

void writeWork(SignalSafeText& text) {
  std::array<char, 17> name{};
  prctl(PR_GET_NAME, name.data());
  text.add("\nthread: ").add(name.data()).add("\nthread_id: ").addNumber(gettid());
  if (const WorkInHand* work = WorkInHand::current()) {
    text.add("\nplugin: ").add(work->plugin().id);
    if (!work->plugin().version.empty()) text.add("\nplugin_version: ").add(work->plugin().version);
    text.add("\nstep: ").add(work->step());
    if (!work->route().empty()) text.add("\nroute: ").add(work->route());
    if (!work->requestId().empty()) text.add("\nrequest_id: ").add(work->requestId());
  }
  text.add("\n");
}

/// From the fault on: what stands above it are the frames of the handler itself.
void writeBacktrace(SignalSafeText& text, const ucontext_t& context) {
  const std::uintptr_t fault = programCounter(context);
  text.add("program_counter: ");
  addAddress(text, fault);
  text.add("\nbacktrace:\n");
  text.flush();
  std::array<void*, kFramesMax> frames{};
  const int count = backtrace(frames.data(), kFramesMax);
  int first = 0;
  for (int i = 0; i < count; ++i) {
    if (reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(i)]) == fault) first = i;
  }
  for (int i = first; i < count; ++i) {
    text.add("  #").addNumber(i - first).add(" ");
    addAddress(text, reinterpret_cast<std::uintptr_t>(frames[static_cast<std::size_t>(i)]));
    text.add("\n");
  }
}

void writeLines(SignalSafeText& text) {
  text.add("last log lines:\n");
  text.flush();
  recorder.write_last_lines(recorder.descriptor);
}

void tellStandardError(int signal) {
  SignalSafeText text{STDERR_FILENO};
  text.add("bulkhead: crashed with ").add(signalName(signal));
  if (const WorkInHand* work = WorkInHand::current())
    text.add(" in plugin ")
        .add(work->plugin().id)
        .add(", ")
        .add(work->step())
        .add(" ")
        .add(work->route());
  text.add("; the record is ").add(recorder.path).add("\n");
  text.flush();
}

/// Begins each part once, also when it is entered again because a part has crashed.
void writeRecord(int signal, const siginfo_t& info, const ucontext_t& context) {
  for (;;) {
    SignalSafeText text{recorder.descriptor};
    switch (recorder.stage.fetch_add(1)) {
      case 0:
        writeSignal(text, signal, info);
        break;
      case 1:
        writeWork(text);
        break;
      case 2:
        writeBacktrace(text, context);
        break;
      case 3:
        writeLines(text);
        break;
      case 4:
        text.add("end\n");
        break;
      case 5:
        tellStandardError(signal);
        break;
      default:
        return;
    }
    text.flush();
  }
}

void dieBy(int signal) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  raise(signal);
  _exit(128 + signal);
}

void onStuck(int) {
  dieBy(recorder.signal);
}

void limitTime() {
  struct sigaction stuck {};
  stuck.sa_handler = onStuck;
  sigaction(SIGALRM, &stuck, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  alarm(recorder.seconds_max);
}

void onCrash(int signal, siginfo_t* info, void* context) {
  if (getpid() != recorder.process) dieBy(signal);
  pid_t writer = 0;
  const bool first = recorder.owner.compare_exchange_strong(writer, gettid());
  if (!first && writer != gettid()) {
    poll(nullptr, 0, kOthersWaitMs);  // whoever crashed before ends the process meanwhile
    dieBy(signal);
  }
  if (first) {
    recorder.signal = signal;
    limitTime();
  }
  writeRecord(signal, *info, *static_cast<ucontext_t*>(context));
  if (!first) dieBy(recorder.signal);
  const bool repeats_itself = info->si_code > 0 && signal != SIGABRT;
  if (!repeats_itself) dieBy(signal);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);  // the instruction runs again: the core has its registers
}

/// A thread's stack for signals, given back when the thread ends.
class SignalStack {
 public:
  SignalStack() noexcept {
    stack_t present{};
    if (sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
    void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return;
    memory_ = memory;
    stack_t own{};
    own.ss_sp = memory_;
    own.ss_size = kStackBytes;
    sigaltstack(&own, nullptr);
  }
  ~SignalStack() {
    if (memory_ == nullptr) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    munmap(memory_, kStackBytes);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_ = nullptr;
};

void writeLinesOfTheLog(int descriptor) {
  if (const LogSystem* logging = LogSystem::current()) logging->writeLastLines(descriptor);
}

int openRecord(const std::filesystem::path& folder, const std::string& path) {
  std::filesystem::create_directories(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  const int opened = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (opened < 0) throw std::system_error{errno, std::generic_category(), path};
  flock(opened, LOCK_EX | LOCK_NB);  // whoever collects records leaves this one alone
  return opened;
}

void takeSignals() {
  struct sigaction ours {};
  ours.sa_sigaction = onCrash;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction present {};
    sigaction(kSignals[i], nullptr, &present);
    recorder.taken[i] = present.sa_handler == SIG_DFL;
    if (recorder.taken[i]) sigaction(kSignals[i], &ours, nullptr);
  }
}

}  // namespace

void prepareForCrash() noexcept {
  if (!recorder.installed.load(std::memory_order_relaxed)) return;
  thread_local SignalStack stack;
  static_cast<void>(stack);
}

CrashRecorder::CrashRecorder(const CrashRecorderOptions& options) {
  recorder.process = getpid();
  recorder.path = options.folder / ("running-" + std::to_string(recorder.process) + ".txt");
  recorder.descriptor = openRecord(options.folder, recorder.path);
  recorder.started_ms = millisecondsOf(CLOCK_MONOTONIC);
  recorder.seconds_max = options.seconds_max;
  recorder.version = options.version;
  recorder.revision = options.revision;
  recorder.write_last_lines =
      options.write_last_lines != nullptr ? options.write_last_lines : writeLinesOfTheLog;
  rememberLoadedModules();
  std::array<void*, 2> frames{};
  backtrace(frames.data(), 2);  // loads what it needs now, and not in the handler
  recorder.installed = true;
  prepareForCrash();
  takeSignals();
}

CrashRecorder::~CrashRecorder() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (recorder.taken[i]) sigaction(kSignals[i], &standard, nullptr);
  }
  recorder.installed = false;
  unlink(recorder.path.c_str());
  close(recorder.descriptor);
}

}  // namespace bulkhead::host
