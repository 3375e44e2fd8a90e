#include "data/write_lease.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

TEST(WriteLease, ASecondHolderIsRefusedWithTheFirstOnesPid) {
  const TemporaryFolder folder;
  const WriteLease first = WriteLease::acquire(folder / "store.db");
  try {
    WriteLease::acquire(folder / "store.db");
    FAIL() << "two processes could write";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "STORE_LEASE_HELD");
    EXPECT_NE(error.message().find(std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_EQ(WriteLease::holder(folder / "store.db"), ::getpid());
}

TEST(WriteLease, EndsWithItsHolder) {
  const TemporaryFolder folder;
  { const WriteLease first = WriteLease::acquire(folder / "store.db"); }
  EXPECT_EQ(WriteLease::holder(folder / "store.db"), std::nullopt);
  EXPECT_NO_THROW(WriteLease::acquire(folder / "store.db"));
}

TEST(WriteLease, IsGivenBackByTheKernelWhenItsHolderIsKilled) {
  const TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const WriteLease lease = WriteLease::acquire(folder / "store.db");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(WriteLease::holder(folder / "store.db"), child);
  EXPECT_EQ(codeOf([&] { WriteLease::acquire(folder / "store.db"); }), "STORE_LEASE_HELD");

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(WriteLease::acquire(folder / "store.db"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(WriteLease, AStoreWaitsForItAndNamesTheHolder) {
  const TemporaryFolder folder;
  const auto writer = openSqliteStore({.path = folder / "store.db"});
  run(*writer, "CREATE TABLE t (n INTEGER)");

  const auto other = openSqliteStore({.path = folder / "store.db"});
  EXPECT_EQ(number(*other, "SELECT count(*) FROM t"), 0) << "reading needs no lease";
  EXPECT_EQ(codeOf([&] {
              other->write([](Transaction& tx) { send(tx, "INSERT INTO t VALUES (1)"); },
                           within(std::chrono::milliseconds{50}));
            }),
            "STORE_LEASE_HELD");

  writer->handOver(within());
  run(*other, "INSERT INTO t VALUES (1)");
  EXPECT_EQ(number(*writer, "SELECT count(*) FROM t"), 1);
  EXPECT_EQ(codeOf([&] {
              writer->write([](Transaction& tx) { send(tx, "INSERT INTO t VALUES (2)"); },
                            within(std::chrono::milliseconds{50}));
            }),
            "STORE_LEASE_HELD");
}

// Goal: two that share the lease write by turns, and neither starves. Method: both write as fast as
// they can; each write adds one to the same number, so that a turn that two had would lose one. The
// control is the same pair while nothing is shared.
TEST(WriteLease, WhoSharesItWritesByTurnsAndLosesNothing) {
  constexpr int kWrites = 150;
  const TemporaryFolder folder;
  const auto first = openSqliteStore({.path = folder / "store.db"});
  const auto second = openSqliteStore({.path = folder / "store.db", .lease_shared = true});
  run(*first, "CREATE TABLE t (n INTEGER)");
  run(*first, "INSERT INTO t VALUES (0)");
  const auto add = [](SqliteStore& store, std::chrono::milliseconds patience) {
    store.write([](Transaction& tx) { send(tx, "UPDATE t SET n = n + 1"); }, within(patience));
  };
  EXPECT_EQ(codeOf([&] { add(*second, std::chrono::milliseconds{50}); }), "STORE_LEASE_HELD");
  first->shareLease(true, within(std::chrono::seconds{9}));
  add(*second, std::chrono::seconds{9});  // although the first, which held it, does nothing
  run(*first, "UPDATE t SET n = 0");
  std::vector<std::thread> writers;
  for (SqliteStore* store : {first.get(), second.get()}) {
    writers.emplace_back([&add, store] {
      for (int i = 0; i < kWrites; ++i) add(*store, std::chrono::seconds{9});
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(number(*first, "SELECT n FROM t"), 2 * kWrites);
  first->shareLease(false, within(std::chrono::seconds{9}));
  add(*first, std::chrono::seconds{9});
  EXPECT_EQ(codeOf([&] { add(*second, std::chrono::milliseconds{50}); }), "STORE_LEASE_HELD")
      << "kept again from the next write on";
}

}  // namespace
}  // namespace bulkhead::host::data
