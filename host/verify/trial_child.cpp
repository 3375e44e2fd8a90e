#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "plugins/call_filter.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/library.hpp"
#include "plugins/plugin_file.hpp"
#include "plugins/preflight_protocol.hpp"
#include "plugins/preflight_sandbox.hpp"
#include "plugins/worker_sandbox.hpp"
#include "verify/trial.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

/// An allocator that keeps nothing of what is freed, so that what is in use can be measured, and
/// that overwrites it, so that who still uses it is found out. Read when a program begins.
constexpr const char* kAllocatorVariable = "GLIBC_TUNABLES";
constexpr const char* kStrictAllocator = "glibc.malloc.tcache_count=0:glibc.malloc.perturb=165";

constexpr rlim_t kMemoryBytes = rlim_t{2} << 30U;
constexpr rlim_t kDescriptors = 512;

void say(const json& message) {
  const std::string line = message.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t count = write(kPreflightReportDescriptor, rest.data(), rest.size());
    if (count < 0 && errno != EINTR) _exit(kPreflightReportLost);
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  }
}

json readOrder() {
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = read(STDIN_FILENO, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(count));
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  close(nothing);
  return json::parse(text);
}

void limit(__rlimit_resource_t resource, rlim_t most) {
  const rlimit both{most, most};
  setrlimit(resource, &both);
}

/// As a worker is, and nothing leaves it: what a plugin does with the world goes through the host.
void confine() {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, kDescriptors);
#ifndef BULKHEAD_SANITIZED  // instrumented code needs several times as much
  limit(RLIMIT_AS, kMemoryBytes);
  hideOtherProcesses();
  CallFilter filter{CallFilter::Refusal::Error};
  for (const int number : {__NR_socket, __NR_unlinkat, __NR_renameat2, __NR_mkdirat, __NR_linkat,
                           __NR_symlinkat, __NR_truncate, __NR_fchmodat})
    filter.refuse(number);
#ifdef __NR_open
  for (const int number : {__NR_unlink, __NR_rename, __NR_mkdir, __NR_rmdir, __NR_creat})
    filter.refuse(number);
  filter.refuseIfAnyBit(__NR_open, 1, O_CREAT | O_TRUNC | O_WRONLY | O_RDWR);
#endif
  filter.refuseIfAnyBit(__NR_openat, 2, O_CREAT | O_TRUNC | O_WRONLY | O_RDWR);
  filter.install(true);
  confineWorker();
#endif
}

void beginAgainStrictly(const std::filesystem::path& copy) {
#ifndef BULKHEAD_SANITIZED  // which brings its own allocator
  const char* const given = std::getenv(kAllocatorVariable);
  if (given != nullptr && std::string_view{given} == kStrictAllocator) return;
  setenv(kAllocatorVariable, kStrictAllocator, 1);
  execl("/proc/self/exe", "bulkhead", "trial", copy.c_str(), nullptr);
  say({{"broken", "the trial's process could not be started again"}});
  _exit(1);
#else
  static_cast<void>(copy);
#endif
}

/// Tells the parent each step, and watches that it comes to an end.
class Steps final : public TrialListener {
 public:
  explicit Steps(const json& order)
      : from_{order.value("from", std::size_t{0})},
        killed_{order.value("killed", std::set<std::string>{})},
        limit_{order.value("step_limit_ms", std::int64_t{10'000})} {}

  bool begin(const std::string& what) override {
    const std::lock_guard lock{mutex_};
    const bool is_new = ++steps_ > from_;
    if (is_new) say({{"began", what}});
    beginTime();
    return is_new;
  }
  void goOn() override {
    const std::lock_guard lock{mutex_};
    beginTime();
  }
  bool hasKilled(const std::string& what) const override { return killed_.contains(what); }
  void found(TrialFinding finding) override {
    say({{"found",
          {{"where", finding.where}, {"what", finding.what}, {"instead", finding.instead}}}});
  }

  void finish() {
    const std::lock_guard lock{mutex_};
    finished_ = true;
    changed_.notify_all();
  }
  /// Returns when it is finished; a step that does not end ends the process.
  void watch() {
    std::unique_lock lock{mutex_};
    while (!finished_) {
      changed_.wait_until(lock, until_);
      if (finished_ || std::chrono::steady_clock::now() < until_) continue;
      const std::int64_t waited = waitedNs();
      const bool starved = 2 * (waited - waited_ns_) > std::chrono::nanoseconds{limit_}.count();
      if (starved && ++extensions_ <= kExtensionsMax) {  // a busy machine hangs nobody
        waited_ns_ = waited;
        until_ += limit_;
        continue;
      }
      say({{"hung", true}});
      _exit(1);
    }
  }

 private:
  static constexpr int kExtensionsMax = 10;

  /// Called by the thread that goes through the steps.
  void beginTime() {
    thread_ = gettid();
    waited_ns_ = waitedNs();
    extensions_ = 0;
    until_ = std::chrono::steady_clock::now() + limit_;
  }
  /// How long that thread could have run so far, and had no processor.
  std::int64_t waitedNs() const {
    std::ifstream account{fmt::format("/proc/self/task/{}/schedstat", thread_)};
    std::int64_t ran_ns = 0;
    std::int64_t waited_ns = 0;
    account >> ran_ns >> waited_ns;
    return waited_ns;
  }

  const std::size_t from_;
  const std::set<std::string> killed_;
  const std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t steps_ = 0;
  std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::now() + limit_;
  bool finished_ = false;
  pid_t thread_ = 0;
  std::int64_t waited_ns_ = 0;
  int extensions_ = 0;
};

TrialSubject subjectOf(const std::filesystem::path& copy, const json& order) {
  const PluginFile file = readPluginFile(copy);
  const PluginNotes notes = readPluginNotes(file);
  TrialSubject subject{Manifest::parse(notes.manifest, copy.string()),
                       parseMigrations(notes.migrations, copy.string()),
                       notes.contracts,
                       {}};
  subject.settings = homeSettings(subject.manifest.settings, {});
  for (auto& [name, value] : homeSettingsFrom(order.at("settings").dump()))
    subject.settings[name] = std::move(value);
  return subject;
}

void run(const std::filesystem::path& copy, const json& order, Steps& steps) {
  const TrialSubject subject = subjectOf(copy, order);
  const PluginLibrary library = PluginLibrary::load(copy);
  TrialRun trial{library.table(), subject, steps};
  if (trial.begin() && order.value("faults", false)) trial.fail();
  const TrialCounts& counts = trial.counts();
  say({{"done", order.value("token", "")},
       {"targets", counts.targets},
       {"answered", counts.answered},
       {"calls", counts.calls},
       {"table_bytes", library.table().size},
       {"waist", fmt::format("{}.{}", library.table().abi_major, library.table().abi_minor)},
       {"answers", trial.answers()}});
}

}  // namespace

int runTrialChild(const std::filesystem::path& copy) {
  dieWithParent();
  beginAgainStrictly(copy);
  const json order = readOrder();
  confine();
  Steps steps{order};
  std::thread trial{[&] {
    try {
      run(copy, order, steps);
    } catch (const std::exception& escaped) {
      say({{"broken", escaped.what()}});
    }
    steps.finish();
  }};
  steps.watch();
  trial.join();
  return 0;
}

}  // namespace bulkhead::host
