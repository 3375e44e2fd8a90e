#include "data/running_claims.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

/// A process that does what it is told, says so, and waits to be killed.
class Bystander {
 public:
  explicit Bystander(const std::function<void()>& work) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    process_ = ::fork();
    if (process_ == 0) {
      work();
      if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Bystander() { kill(); }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

 private:
  pid_t process_ = 0;
};

TEST(RunningClaims, ANumberIsHeldOnceByWhoeverWorksOnTheStore) {
  const TemporaryFolder folder;
  const auto first = openSqliteStore({.path = folder / "store.db"});
  const auto second = openSqliteStore({.path = folder / "store.db"});
  {
    const auto hold = first->hold(7);
    ASSERT_TRUE(hold);
    EXPECT_FALSE(first->hold(7));
    EXPECT_FALSE(second->hold(7)) << "another one in this process, as a generation beside it";
    EXPECT_TRUE(second->hold(8)) << "another number is free";
    const auto beside = first->hold(9);
    EXPECT_TRUE(beside);
    EXPECT_FALSE(second->hold(9));
  }
  EXPECT_TRUE(second->hold(7)) << "free again";
  EXPECT_TRUE(first->hold(7));
}

TEST(RunningClaims, EndWithTheProcessThatHeldThem) {
  const TemporaryFolder folder;
  RunningClaims claims{folder / "store.db"};
  Bystander other{[&] {
    const StoreHold* const held = claims.hold(7).release();  // until the process is killed
    if (held == nullptr) ::_exit(1);
  }};
  EXPECT_FALSE(claims.hold(7));
  other.kill();
  EXPECT_TRUE(claims.hold(7));
}

// A process between fork and exec has a copy of every descriptor.
TEST(RunningClaims, AreFreeAgainAlthoughAnotherProcessHasACopyOfTheDescriptor) {
  const TemporaryFolder folder;
  RunningClaims claims{folder / "store.db"};
  std::optional<Bystander> other;
  {
    const auto hold = claims.hold(7);
    ASSERT_TRUE(hold);
    other.emplace([] {});
  }
  EXPECT_TRUE((RunningClaims{folder / "store.db"}.hold(7)));
}

TEST(RunningClaims, EveryNumberHasAPlace) {
  const TemporaryFolder folder;
  RunningClaims claims{folder / "store.db"};
  for (const std::uint64_t number : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 61})
    EXPECT_TRUE(claims.hold(number)) << number;
}

TEST(RunningClaims, WithoutTheirFolderTheStoreIsAway) {
  const TemporaryFolder folder;
  EXPECT_EQ(codeOf([&] { RunningClaims{folder / "gone" / "store.db"}.hold(7); }),
            "DATABASE_UNAVAILABLE");
}

TEST(RunningClaims, InMemoryTheyAreTheStoresOwn) {
  const auto first = openSqliteStore({});
  const auto second = openSqliteStore({});
  const auto hold = first->hold(7);
  EXPECT_FALSE(first->hold(7));
  EXPECT_TRUE(second->hold(7));
}

}  // namespace
}  // namespace bulkhead::host::data
