// A store in a process that has no descriptors left, and on files that it may only read.
#include <cstdio>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// While it lives this process can open nothing.
class ExhaustedDescriptors {
 public:
  ExhaustedDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(STDIN_FILENO);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~ExhaustedDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  ExhaustedDescriptors(const ExhaustedDescriptors&) = delete;
  ExhaustedDescriptors& operator=(const ExhaustedDescriptors&) = delete;

 private:
  rlimit before_{};
};

class NoDescriptors : public ::testing::Test {
 protected:
  TemporaryFolder folder;
  std::unique_ptr<SqliteStore> store =
      openSqliteStore({.path = folder / "store.db", .retry_interval = milliseconds{1}});

  void awaitAnswer() {
    const auto end = within();
    while (!store->ping()) ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
};

TEST_F(NoDescriptors, S94_S105_WhatHasToBeOpenedIsUnavailableAtOnceUntilThereAreSome) {
  {
    const ExhaustedDescriptors none;
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(codeOf([&] { run(*store, "CREATE TABLE t (n INTEGER)"); }), "DATABASE_UNAVAILABLE");
    EXPECT_EQ(codeOf([&] { number(*store, "SELECT 1"); }), "DATABASE_UNAVAILABLE");
    EXPECT_FALSE(store->ping());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds{2000})
        << "nobody is kept waiting for it";
  }
  awaitAnswer();
  run(*store, "CREATE TABLE t (n INTEGER)");
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0);
}

TEST_F(NoDescriptors, S95_WhatIsOpenGoesOnAndNothingAcknowledgedIsLost) {
  run(*store, "CREATE TABLE t (n INTEGER)");
  int acknowledged = 0;
  {
    const ExhaustedDescriptors none;
    for (int i = 0; i < 50; ++i) {
      if (codeOf([&] { run(*store, "INSERT INTO t VALUES (1)"); }) == "none") ++acknowledged;
    }
    EXPECT_EQ(codeOf([&] { number(*store, "SELECT count(*) FROM t"); }), "DATABASE_UNAVAILABLE")
        << "a reader is not open yet";
  }
  EXPECT_GT(acknowledged, 0);
  awaitAnswer();
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), acknowledged);
  store = openSqliteStore({.path = folder / "store.db"});
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), acknowledged);
}

/// Runs `work` in a process that file modes hold for, whoever runs the tests; false, and a line,
/// when it found anything wrong.
bool soundAsNobody(const fs::path& folder, const std::function<std::string()>& work) {
  constexpr id_t kNobody = 65534;
  if (::geteuid() == 0) {
    for (const auto& entry : fs::directory_iterator{folder})
      if (::chown(entry.path().c_str(), kNobody, kNobody) != 0) return false;
    if (::chown(folder.c_str(), kNobody, kNobody) != 0) return false;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(2);
    const std::string wrong = work();
    std::fputs(wrong.c_str(), stderr);
    ::_exit(wrong.empty() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(ReadOnly, S94_S105_WritesAreUnavailableAndReadsGoOnUntilItMayBeWritten) {
  const TemporaryFolder folder;
  const fs::path path = folder / "store.db";
  {
    const auto store = openSqliteStore({.path = path});
    run(*store, "CREATE TABLE t (n INTEGER)");
    run(*store, "INSERT INTO t VALUES (1)");
  }
  EXPECT_TRUE(soundAsNobody(path.parent_path(), [&]() -> std::string {
    fs::permissions(path, fs::perms::owner_read);
    const auto store = openSqliteStore({.path = path, .retry_interval = milliseconds{1}});
    for (int i = 0; i < 3; ++i) {
      if (codeOf([&] { run(*store, "INSERT INTO t VALUES (2)"); }) != "DATABASE_UNAVAILABLE")
        return "it was written\n";
    }
    if (number(*store, "SELECT count(*) FROM t") != 1) return "it cannot be read\n";
    if (store->ping()) return "health does not know\n";
    for (const auto& file : fs::directory_iterator{path.parent_path()})
      fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    const auto end = within();
    while (!store->ping())
      if (std::chrono::steady_clock::now() > end) return "it does not recover\n";
    run(*store, "INSERT INTO t VALUES (3)");
    return number(*store, "SELECT count(*) FROM t") == 2 ? "" : "a write was lost\n";
  }));
}

}  // namespace
}  // namespace bulkhead::host::data
