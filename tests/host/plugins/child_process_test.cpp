#include "plugins/child_process.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

ChildEnd shell(const std::string& script, milliseconds timeout) {
  return runChild("/bin/sh", {"-c", script}, {}, timeout);
}

void stayOn(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<unsigned>(cpu), &cpus);
  ::sched_setaffinity(0, sizeof cpus, &cpus);
}

TEST(ChildProcess, TellsWhatItsChildWroteAndHowItEnded) {
  const ChildEnd end =
      shell("echo out; echo err >&2; echo report >&3; exit 7", milliseconds{20000});
  EXPECT_FALSE(end.timed_out);
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_EQ(end.report, "report\n");
  EXPECT_EQ(end.output, "out\nerr\n");
  EXPECT_EQ(shell("kill -9 $$", milliseconds{20000}).signal, SIGKILL);
}

TEST(ChildProcess, AChildThatDoesNothingIsKilledAtItsTime) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(shell("sleep 60", milliseconds{100}).timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{30});
}

// The child ends by itself once it has waited three times its time for a processor that another
// thread keeps busy.
TEST(ChildProcess, WaitingForACpuIsNotCounted) {
  std::atomic<bool> done{false};
  const int cpu = ::sched_getcpu();
  std::thread hog{[&] {
    stayOn(cpu);
    while (!done) {
    }
  }};
  std::thread starved{[&] {
    stayOn(cpu);
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19);
    const ChildEnd end = shell(
        "while read -r ran waited rest < /proc/$$/schedstat && [ $waited -lt 600000000 ]; do :; "
        "done",
        milliseconds{200});
    EXPECT_FALSE(end.timed_out);
    EXPECT_EQ(end.exit_code, 0);
  }};
  starved.join();
  done = true;
  hog.join();
}

}  // namespace
}  // namespace bulkhead::host
