#include "plugins/child_process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bulkhead/error.hpp>

#include "plugins/spawn_plan.hpp"
#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {
namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t kReportBytesMax = 4U * 1024 * 1024;
constexpr std::size_t kOutputBytesKept = 8U * 1024;
constexpr std::size_t kReadAtOnce = 256U * 1024;
constexpr int kReportDescriptor = 3;
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr std::chrono::nanoseconds kForgivenMax = std::chrono::minutes{1};

struct Pipe {
  Pipe() {
    int ends[2];
    requireSpawn(pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno, "no pipe to a child process");
    read_end = raised(FileDescriptor{ends[0]});
    write_end = raised(FileDescriptor{ends[1]});
    fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  }
  FileDescriptor read_end;
  FileDescriptor write_end;
};

FileDescriptor inputOf(std::string_view text) {
  FileDescriptor file = raised(FileDescriptor{memfd_create("input", MFD_CLOEXEC)});
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    requireSpawn(count > 0 ? 0 : errno, "no input for a child process");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// Reads what there is, and no more than a few pipes hold, as the writer may be faster; false at
/// the end of the pipe.
bool drain(int descriptor, std::string& into) {
  char buffer[16 * 1024];
  for (std::size_t total = 0; total < kReadAtOnce;) {
    const ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    into.append(buffer, static_cast<std::size_t>(count));
    total += static_cast<std::size_t>(count);
  }
  return true;
}

/// The child while it runs: kills its whole group at the end, whatever happens.
class RunningChild {
 public:
  explicit RunningChild(pid_t id) : id_{id} {
    exited_ = FileDescriptor{static_cast<int>(syscall(SYS_pidfd_open, id, 0))};
  }
  ~RunningChild() {
    if (id_ != 0) reap();
  }
  RunningChild(const RunningChild&) = delete;
  RunningChild& operator=(const RunningChild&) = delete;

  /// Reads both pipes until the child ended, or is to be killed.
  void follow(int report, int output, std::chrono::milliseconds timeout, ChildEnd& end) const {
    pollfd watched[] = {{exited_.get(), POLLIN, 0}, {report, POLLIN, 0}, {output, POLLIN, 0}};
    const Time begun = std::chrono::steady_clock::now();
    std::chrono::nanoseconds limit = timeout;
    while (true) {
      const Time now = std::chrono::steady_clock::now();
      if (now >= begun + limit)
        limit = std::min(limitNow(timeout, now - begun), timeout + kForgivenMax);
      end.timed_out = now >= begun + limit;
      if (end.timed_out) return;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(begun + limit - now);
      if (poll(watched, std::size(watched), static_cast<int>(left.count())) < 0) continue;
      const bool ended = watched[0].revents != 0;
      if (!drain(report, end.report)) watched[1].fd = -1;
      if (!drain(output, end.output)) watched[2].fd = -1;
      end.flooded = end.report.size() > kReportBytesMax;
      if (end.output.size() > kOutputBytesKept) {
        end.output.erase(0, end.output.size() - kOutputBytesKept);
      }
      if (ended || end.flooded) return;
    }
  }

  int reap() {
    kill(-id_, SIGKILL);
    int status = 0;
    while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = 0;
    return status;
  }

 private:
  // The kernel's account says how long it ran and how long it could have run and did not; of a wait
  // that has not ended it says nothing, but then the child is runnable.
  std::chrono::nanoseconds limitNow(std::chrono::nanoseconds timeout,
                                    std::chrono::nanoseconds elapsed) const {
    std::ifstream account{processFile("schedstat")};
    std::int64_t ran_ns = 0;
    std::int64_t waited_ns = 0;
    account >> ran_ns >> waited_ns;
    if (ran_ns < timeout.count() && isRunnable()) return elapsed + kLookAgain;
    return timeout + std::chrono::nanoseconds{waited_ns};
  }

  bool isRunnable() const {
    std::ifstream file{processFile("stat")};
    std::string text;
    std::getline(file, text);
    const auto name_end = text.rfind(')');
    return name_end != std::string::npos && text.compare(name_end, 3, ") R") == 0;
  }

  std::string processFile(const char* name) const { return fmt::format("/proc/{}/{}", id_, name); }

  pid_t id_;
  FileDescriptor exited_;
};

}  // namespace

ChildEnd runChild(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                  std::string_view input, std::chrono::milliseconds timeout) {
  const FileDescriptor standard_input = inputOf(input);
  Pipe report;
  Pipe output;
  SpawnPlan plan;
  plan.give(standard_input.get(), STDIN_FILENO);
  plan.give(output.write_end.get(), STDOUT_FILENO);
  plan.give(output.write_end.get(), STDERR_FILENO);
  plan.give(report.write_end.get(), kReportDescriptor);
  RunningChild child{plan.run(program, arguments)};
  report.write_end.reset();
  output.write_end.reset();
  ChildEnd end;
  child.follow(report.read_end.get(), output.read_end.get(), timeout, end);
  const int status = child.reap();
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.exit_code = WEXITSTATUS(status);
  }
  return end;
}

}  // namespace bulkhead::host
