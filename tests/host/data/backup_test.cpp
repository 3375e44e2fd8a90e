#include "data/backup.hpp"

#include <Poco/Data/Session.h>
#include <algorithm>
#include <atomic>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "data/durable_file.hpp"
#include "data/migrations.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Two stores of one installation: a plugin's and the host's.
class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    for (auto* store : {plugin.get(), host.get()}) {
      migrate(*store, "test", {{1, "n", "CREATE TABLE t (n INTEGER PRIMARY KEY, filling BLOB)"}},
              within());
    }
  }

  BackupOrder order(const char* name = "copy") const {
    BackupOrder made{
        folder / name, readHere(storesIn(folder / "data")), "1.2.3", {{"ledger", "4.5.6"}}};
    return made;
  }
  static std::int64_t rowsOf(const fs::path& copy) {
    const auto store = openSqliteStore({.path = copy});
    return number(*store, "SELECT count(*) FROM t");
  }
  std::string refusal(const BackupOrder& wanted) const {
    return codeOf([&] { writeBackup(wanted); });
  }
  /// Nothing of a backup that failed is left.
  std::size_t filesBesideData() const {
    const fs::directory_iterator all{folder / "."};
    return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1;
  }

  TemporaryFolder folder;
  std::unique_ptr<SqliteStore> plugin = openSqliteStore({.path = folder / "data/ledger.db"});
  std::unique_ptr<SqliteStore> host = openSqliteStore({.path = folder / "data/host.db"});
};

TEST_F(BackupTest, TheStoresOfAnInstallationAreItsDatabasesTheHostsLast) {
  for (const char* other :
       {"data/admin.sock", "data/ledger.db-journal", "data/Notes.db", "data/x.txt"})
    std::ofstream{folder / other} << "x";
  fs::create_directory(folder / "data/folder.db");
  std::vector<std::string> owners;
  for (const auto& store : storesIn(folder / "data")) owners.push_back(store.owner);
  EXPECT_EQ(owners, (std::vector<std::string>{"ledger", "host"}));
}

TEST_F(BackupTest, SaysWhatItHoldsAndIsForItsOwnerOnly) {
  run(*plugin, "INSERT INTO t VALUES (1, 'x')");
  const BackupManifest manifest = writeBackup(order());
  const auto document = nlohmann::json::parse(readWhole(folder / "copy/manifest.json"));
  EXPECT_EQ(document.at("format"), 1);
  EXPECT_EQ(document.at("host_version"), "1.2.3");
  EXPECT_EQ(document.at("plugins").at(0).at("version"), "4.5.6");
  const auto& store = document.at("stores").at(0);
  EXPECT_EQ(store.at("owner"), "ledger");
  EXPECT_EQ(store.at("schema_version"), 1);
  EXPECT_EQ(store.at("integrity"), "ok");
  EXPECT_EQ(store.at("sha256"), digestOf(folder / "copy/ledger.db").sha256);
  EXPECT_EQ(store.at("size_bytes"), fs::file_size(folder / "copy/ledger.db"));
  EXPECT_LE(document.at("started"), store.at("taken"));
  EXPECT_EQ(verifyBackup(folder / "copy").text(), manifest.text());
  for (const auto& file : fs::directory_iterator{folder / "copy"})
    EXPECT_EQ(file.status().permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(folder / "copy").permissions(), fs::perms::owner_all);
  EXPECT_EQ(rowsOf(folder / "copy/ledger.db"), 1);
}

// One client whose writes are numbered: what a copy has is all of them up to one.
TEST_F(BackupTest, UnderSteadyWritesItHoldsWhatWasAcknowledgedBeforeItsMoment) {
  std::atomic<bool> done{false};
  std::atomic<std::int64_t> acknowledged{0};
  std::thread client{[&] {
    for (std::int64_t n = 1; !done; ++n) {
      run(*plugin, "INSERT INTO t VALUES ($1, randomblob(200))", {value(n)});
      acknowledged = n;
    }
  }};
  for (int round = 0; round < 5; ++round) {
    const auto enough = acknowledged + 20;
    while (acknowledged < enough) std::this_thread::yield();
    const std::string name = "copy-" + std::to_string(round);
    BackupOrder wanted = order(name.c_str());
    wanted.pace = {2, milliseconds{1}, {}};
    const std::int64_t before = acknowledged;
    writeBackup(wanted);
    const std::int64_t after = acknowledged;
    const auto copy = openSqliteStore({.path = folder / (name + "/ledger.db")});
    const auto last = number(*copy, "SELECT max(n) FROM t");
    EXPECT_EQ(number(*copy, "SELECT count(*) FROM t"), last) << "a hole in what it holds";
    EXPECT_GE(last, before);
    EXPECT_LT(last, after) << "writes went on while it copied";
  }
  done = true;
  client.join();
}

TEST_F(BackupTest, NegativeControl_CopyingTheFileMissesWhatTheLogHas) {
  run(*plugin, "INSERT INTO t VALUES (1, 'x')");
  writeBackup(order());
  // in a process of its own: closing the file here would give up SQLite's locks
  const std::string copy =
      "cp " + (folder / "data/ledger.db").string() + " " + (folder / "plain.db").string();
  ASSERT_EQ(std::system(copy.c_str()), 0);
  const auto plain = openSqliteStore({.path = folder / "plain.db"});
  EXPECT_EQ(number(*plain, "SELECT count(*) FROM t"), 0);
  EXPECT_EQ(rowsOf(folder / "copy/ledger.db"), 1);
}

struct Delays {
  milliseconds copying{0};
  milliseconds longest{0};  ///< a write waited no longer than that
};

Delays writeWhile(SqliteStore& store, const std::function<void()>& copy) {
  std::atomic<bool> done{false};
  Delays delays;
  std::thread client{[&] {
    while (!done) {
      const auto begun = Clock::now();
      run(store, "INSERT INTO t (filling) VALUES ('x')");
      delays.longest =
          std::max(delays.longest, std::chrono::duration_cast<milliseconds>(Clock::now() - begun));
    }
  }};
  const auto begun = Clock::now();
  copy();
  delays.copying = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
  done = true;
  client.join();
  return delays;
}

TEST_F(BackupTest, WritersDoNotWaitForIt) {
  run(*plugin,
      "INSERT INTO t SELECT value, randomblob(4000) FROM (WITH RECURSIVE c(value) AS (SELECT 1 "
      "UNION ALL SELECT value + 1 FROM c WHERE value < 800) SELECT value FROM c)");
  BackupOrder wanted = order();
  wanted.pace = {8, milliseconds{10}, {}};
  const Delays beside = writeWhile(*plugin, [&] { writeBackup(wanted); });
  EXPECT_GE(beside.copying, milliseconds{800}) << "it was over too fast to show anything";
  EXPECT_LT(beside.longest, beside.copying / 2);

  wanted.directory = folder / "exclusive";
  const Delays control = writeWhile(*plugin, [&] {
    plugin->maintain([&](Poco::Data::Session&) { writeBackup(wanted); }, within());
  });
  EXPECT_GE(control.longest, control.copying / 2) << "a copy that keeps writers out is noticed";
}

TEST_F(BackupTest, StoppedHalfWayNothingIsLeft) {
  BackupOrder wanted = order();
  wanted.pace.go_on = [](std::uint64_t) { return false; };
  EXPECT_EQ(refusal(wanted), "BACKUP_STOPPED");
  EXPECT_EQ(filesBesideData(), 0U);
}

TEST_F(BackupTest, NeverTakesANameThatIsTaken) {
  writeBackup(order());
  EXPECT_EQ(refusal(order()), "BACKUP_EXISTS");
  fs::create_symlink("nowhere", folder / "link");
  EXPECT_EQ(refusal(order("link")), "BACKUP_EXISTS");
  EXPECT_EQ(refusal(order("no/such/folder")), "FILE_ERROR");
}

TEST_F(BackupTest, ADamagedStoreIsNamedAndLeavesNoBackup) {
  run(*plugin, "CREATE TABLE u (n INTEGER)");
  run(*plugin, "CREATE INDEX u_n ON u (n)");
  for (int i = 0; i < 300; ++i) run(*plugin, "INSERT INTO u VALUES (7)");
  plugin->checkpoint(within());
  plugin.reset();
  std::fstream file{folder / "data/ledger.db", std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(-4096, std::ios::end);
  file << std::string(4096, 'x');
  file.close();
  try {
    writeBackup(order());
    FAIL() << "a damaged store was copied";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "STORE_DAMAGED");
    EXPECT_NE(error.message().find("'ledger'"), std::string::npos) << error.message();
  }
  EXPECT_EQ(filesBesideData(), 0U);
}

class VerifyTest : public BackupTest {
 protected:
  VerifyTest() {
    for (int i = 0; i < 50; ++i)
      run(*plugin, "INSERT INTO t VALUES ($1, randomblob(500))", {value(i)});
    writeBackup(order());
  }
  /// What verifying says of the copy: "code: message".
  std::string verdict() const {
    try {
      verifyBackup(folder / "copy");
    } catch (const Error& error) {
      return error.code() + ": " + error.message();
    }
    return "whole";
  }
  void expect(const std::string& code, const std::string& words) const {
    EXPECT_EQ(verdict().rfind(code, 0), 0U) << verdict();
    EXPECT_NE(verdict().find(words), std::string::npos) << verdict();
  }
  void editManifest(const std::function<void(nlohmann::json&)>& edit) const {
    auto document = nlohmann::json::parse(readWhole(folder / "copy/manifest.json"));
    edit(document);
    std::ofstream{folder / "copy/manifest.json"} << document.dump();
  }
};

TEST_F(VerifyTest, AWholeOneIsWhole) {
  EXPECT_EQ(verdict(), "whole");
}

TEST_F(VerifyTest, EachFlippedByteIsFound) {
  const fs::path copy = folder / "copy/ledger.db";
  const auto size = static_cast<std::streamoff>(fs::file_size(copy));
  for (std::streamoff place : {std::streamoff{0}, std::streamoff{100}, size / 2, size - 1}) {
    std::fstream file{copy, std::ios::in | std::ios::out | std::ios::binary};
    const auto flip = [&] {
      file.seekg(place);
      const int byte = file.get();
      file.seekp(place);
      file.put(static_cast<char>(byte ^ 1));
      file.flush();
    };
    flip();
    expect("BACKUP_DAMAGED", "ledger.db was changed");
    flip();
    EXPECT_EQ(verdict(), "whole");
  }
}

TEST_F(VerifyTest, WhatIsMissingCutOrExtraIsNamed) {
  std::ofstream{folder / "copy/extra.db"} << "x";
  expect("BACKUP_DAMAGED", "extra.db is no part");
  fs::remove(folder / "copy/extra.db");
  fs::resize_file(folder / "copy/host.db", 100);
  expect("BACKUP_DAMAGED", "host.db has 100 bytes");
  fs::remove(folder / "copy/host.db");
  expect("BACKUP_DAMAGED", "host.db is missing");
}

TEST_F(VerifyTest, AManifestThatLiesIsFound) {
  editManifest([](auto& document) { document["stores"][0]["schema_version"] = 9; });
  expect("BACKUP_DAMAGED", "the manifest says 9");
  editManifest([](auto& document) { document["stores"][0]["file"] = "../host.db"; });
  expect("BACKUP_DAMAGED", "names a file '../host.db'");
  editManifest([](auto& document) { document.erase("stores"); });
  expect("BACKUP_DAMAGED", "manifest.json");
  editManifest([](auto& document) { document["format"] = 2; });
  expect("BACKUP_TOO_NEW", "format 2");
  fs::remove(folder / "copy/manifest.json");
  expect("NOT_A_BACKUP", "has no manifest.json");
}

}  // namespace
}  // namespace bulkhead::host::data
