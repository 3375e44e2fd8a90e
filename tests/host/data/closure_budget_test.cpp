// What a write closure's budget counts.
#include <atomic>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "data/run_delay.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBudget{50};

// Keeps one CPU to itself as far as the scheduler lets it.
class Hog {
 public:
  explicit Hog(int cpu)
      : thread_{[this, cpu] {
          stayOn(cpu);
          while (!done_) {
          }
        }} {}
  ~Hog() {
    done_ = true;
    thread_.join();
  }
  Hog(const Hog&) = delete;
  Hog& operator=(const Hog&) = delete;

  static void stayOn(int cpu) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<unsigned>(cpu), &cpus);
    ::sched_setaffinity(0, sizeof cpus, &cpus);
  }

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

class ClosureBudget : public ::testing::Test {
 protected:
  ClosureBudget() { run(*store, "CREATE TABLE t (n INTEGER)"); }

  std::unique_ptr<SqliteStore> store = openSqliteStore({.closure_budget = kBudget});
};

TEST_F(ClosureBudget, WaitingForACpuIsNotCounted) {
  const int cpu = ::sched_getcpu();
  std::thread starved{[&] {
    const Hog hog{cpu};
    Hog::stayOn(cpu);
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19);
    std::chrono::nanoseconds waited{};
    EXPECT_EQ(codeOf([&] {
                store->write(
                    [&](Transaction& tx) {
                      const auto before = runDelay();
                      while (waited < 2 * kBudget) {
                        number(tx, "SELECT count(*) FROM sqlite_master");
                        waited = runDelay() - before;
                      }
                      send(tx, "INSERT INTO t VALUES (1)");
                    },
                    within());
              }),
              "none");
    EXPECT_GE(waited, 2 * kBudget);
  }};
  starved.join();
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 1);
}

TEST_F(ClosureBudget, WaitingForAnythingElseIsCounted) {
  EXPECT_EQ(codeOf([&] {
              store->write(
                  [](Transaction& tx) {
                    // allowed: waiting inside the closure is what is tested
                    std::this_thread::sleep_for(2 * kBudget);
                    send(tx, "INSERT INTO t VALUES (1)");
                  },
                  within());
            }),
            "TRANSACTION_BUDGET_EXCEEDED");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
  EXPECT_EQ(store->statistics().interrupted, 1U);
}

}  // namespace
}  // namespace bulkhead::host::data
