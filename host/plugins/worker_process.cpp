#include "plugins/worker_process.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <utility>

#include "plugins/spawn_plan.hpp"

namespace bulkhead::host {
namespace {

/// Starts processes from one thread that never ends: the kernel kills a child that asked to die
/// with its parent when the thread that started it ends.
class Spawner {
 public:
  static Spawner& instance() {
    // allowed: outlives every destructor on purpose
    static auto* spawner = new Spawner;
    return *spawner;
  }

  pid_t run(std::function<pid_t()> start) {
    std::packaged_task<pid_t()> task{std::move(start)};
    auto started = task.get_future();
    {
      const std::lock_guard lock{mutex_};
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    return started.get();
  }

 private:
  Spawner() {
    std::thread{[this] { work(); }}.detach();
  }

  [[noreturn]] void work() {
    pthread_setname_np(pthread_self(), "spawner");
    std::unique_lock lock{mutex_};
    for (;;) {
      wake_.wait(lock, [&] { return !tasks_.empty(); });
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::packaged_task<pid_t()>> tasks_;
};

}  // namespace

WorkerProgram WorkerProgram::own() {
  return at("/proc/self/exe");
}

WorkerProgram WorkerProgram::at(const std::filesystem::path& path) {
  FileDescriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  requireSpawn(file ? 0 : errno, path.c_str());
  return WorkerProgram{std::move(file)};
}

std::filesystem::path WorkerProgram::path() const {
  return fmt::format("/proc/{}/fd/{}", getpid(), file_.get());
}

WorkerProcess::WorkerProcess(const WorkerProgram& program, const std::string& plugin,
                             WorkerRole role, int link, int box) {
  const FileDescriptor nothing = raised(FileDescriptor{open("/dev/null", O_RDONLY | O_CLOEXEC)});
  const FileDescriptor errors = raised(FileDescriptor{fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)});
  const FileDescriptor high_link = raised(FileDescriptor{fcntl(link, F_DUPFD_CLOEXEC, 0)});
  const FileDescriptor high_box = raised(FileDescriptor{fcntl(box, F_DUPFD_CLOEXEC, 0)});
  SpawnPlan plan;
  plan.give(nothing.get(), STDIN_FILENO);
  plan.give(errors.get(), STDOUT_FILENO);
  plan.give(errors.get(), STDERR_FILENO);
  plan.give(high_link.get(), kWorkerLinkDescriptor);
  plan.give(high_box.get(), kWorkerBoxDescriptor);
  const auto path = program.path();
  std::vector<std::string> words{"worker"};
  if (role == WorkerRole::Store) words.emplace_back(kStoreOnly);
  words.push_back(plugin);
  id_ = Spawner::instance().run([&] { return plan.run(path, words); });
  handle_ = FileDescriptor{static_cast<int>(syscall(SYS_pidfd_open, id_, 0))};
  if (handle_) return;
  const int problem = errno;
  kill(id_, SIGKILL);
  while (waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
  }
  requireSpawn(problem, "no descriptor of a worker's process");
}

WorkerProcess::~WorkerProcess() {
  signal(SIGKILL);
  while (!awaitEnd(std::chrono::minutes{1})) continue;
}

void WorkerProcess::signal(int number) const noexcept {
  syscall(SYS_pidfd_send_signal, handle_.get(), number, nullptr, 0);
}

std::optional<ProcessEnd> WorkerProcess::awaitEnd(std::chrono::milliseconds patience) {
  pollfd watched{handle_.get(), POLLIN, 0};
  if (poll(&watched, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
  const std::lock_guard lock{mutex_};
  if (end_) return end_;
  int status = 0;
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  end_.emplace();
  if (WIFSIGNALED(status)) {
    end_->signal = WTERMSIG(status);
  } else {
    end_->exit_code = WEXITSTATUS(status);
  }
  return end_;
}

WorkerUsage WorkerProcess::usage(std::uint64_t lent_bytes) const {
  std::ifstream file{fmt::format("/proc/{}/status", id_)};
  WorkerUsage usage;
  for (std::string name, line; file >> name && std::getline(file, line);) {
    const std::uint64_t figure = std::strtoull(line.c_str(), nullptr, 10);
    if (name == "RssAnon:" || name == "VmSwap:" || name == "HugetlbPages:")
      usage.memory_bytes += figure * 1024;
    if (name == "RssShmem:")
      usage.memory_bytes += figure * 1024 - std::min(figure * 1024, lent_bytes);
    if (name == "Threads:") usage.threads = figure;
  }
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(id_, &clock) == 0 && clock_gettime(clock, &time) == 0)
    usage.processor =
        std::chrono::milliseconds{std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000};
  return usage;
}

}  // namespace bulkhead::host
