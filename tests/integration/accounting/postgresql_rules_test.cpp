#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <unistd.h>

#include "temporary_folder.hpp"

namespace accounting {
namespace {

/// What the shell prints for `command`, errors included.
std::string printed(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen((command + " 2>&1").c_str(), "r"), pclose};
  std::string text;
  for (int c = fgetc(pipe.get()); c != EOF; c = fgetc(pipe.get())) text += static_cast<char>(c);
  return text;
}

/// A PostgreSQL of its own with the plugin's schema, on a socket in a temporary folder. It refuses
/// to run as root, so it runs as nobody then.
class PostgreSqlRules : public testing::Test {
 protected:
  void SetUp() override {
    const std::string found = printed("ls -d /usr/lib/postgresql/*/bin | tail -n 1");
    if (found.empty() || found[0] != '/' ||
        !std::filesystem::exists(found.substr(0, found.size() - 1) + "/initdb")) {
      GTEST_SKIP() << "PostgreSQL is not installed";
    }
    programs_ = found.substr(0, found.size() - 1);
    if (geteuid() == 0) {
      as_ = "setpriv --reuid=nobody --regid=nogroup --clear-groups ";
      ASSERT_EQ(chown(folder_.path().c_str(), 65534, 65534), 0);
    }
    const std::string data = (folder_ / "data").string();
    const std::string made = printed(
        fmt::format("cd / && {0}{1}/initdb -D {2} -U books -A trust --no-sync && {0}{1}/pg_ctl -D "
                    "{2} -w -l {3} "
                    "-o '-k {4} -c listen_addresses= -c fsync=off' start",
                    as_, programs_, data, (folder_ / "log").string(), folder_.path().string()));
    runs_ = made.find("server started") != std::string::npos;
    ASSERT_TRUE(runs_) << made;
    ASSERT_EQ(printed(fmt::format("{} -q -v ON_ERROR_STOP=1 -f {}/plugins/accounting/migrations/"
                                  "postgresql/0001_ledger.sql",
                                  client(), BULKHEAD_SOURCE_DIR)),
              "");
    ASSERT_EQ(run("insert into company values ('t', 'US', 'services', 'USD', 1, 0, 0); insert into "
                  "account values ('t', 'a', 'a', 'a', 'asset', null, 1, 1, 0, 0)"),
              "");
    draft("e", -100);
    draft("u", -99);
  }
  void TearDown() override {
    if (!runs_) return;
    printed(fmt::format("cd / && {}{}/pg_ctl -D {} -m immediate -w stop", as_, programs_,
                        (folder_ / "data").string()));
  }

  std::string client() const {
    return fmt::format("{}/psql -h {} -U books -d postgres -v VERBOSITY=terse", programs_,
                       folder_.path().string());
  }
  /// The database's complaint, or nothing.
  std::string run(const std::string& sql) {
    return printed(fmt::format("{} -q -c \"{}\"", client(), sql));
  }
  void draft(const std::string& id, int credit) {
    ASSERT_EQ(run(fmt::format(
                  "insert into journal_entry (tenant, id, date, memo, currency, created_by, "
                  "created_at, updated_at, version) values ('t', '{0}', '2026-01-05', '', 'USD', "
                  "'k', 0, 0, 1); insert into journal_line values ('t', '{0}', 1, 'a', 100, ''), "
                  "('t', '{0}', 2, 'a', {1}, '')",
                  id, credit)),
              "");
  }
  std::string post(const std::string& id, int number = 1) {
    return run(
        fmt::format("update journal_entry set state = 'posted', sequence = {1}, number = "
                    "{1}, year = 2026, posted_at = 0, prev_hash = '', hash = 'h' where id = "
                    "'{0}'",
                    id, number));
  }

  const bulkhead::TemporaryFolder folder_;
  std::string programs_;
  std::string as_;
  bool runs_ = false;
};

TEST_F(PostgreSqlRules, A1_A4_A7_TheStoreKeepsThemAtTheCommit) {
  EXPECT_EQ(post("u"), "ERROR:  UNBALANCED_ENTRY\n");
  EXPECT_EQ(run("begin; update journal_line set amount = -100 where entry = 'u' and line = 2; "
                "update journal_line set amount = -99 where entry = 'u' and line = 2; commit"),
            "")
      << "only the commit counts";
  EXPECT_EQ(post("e", 2), "ERROR:  NUMBER_NOT_NEXT\n");
  EXPECT_EQ(post("e"), "");
  for (const char* statement :
       {"update journal_entry set memo = 'x' where id = 'e'",
        "delete from journal_entry where id = 'e'",
        "update journal_line set amount = 1 where entry = 'e'",
        "update journal_line set entry = 'e', line = 7 where entry = 'u' and line = 1",
        "delete from journal_line where entry = 'e'",
        "insert into journal_line values ('t', 'e', 3, 'a', 5, '')", "truncate journal_line"}) {
    EXPECT_EQ(run(statement), "ERROR:  IMMUTABLE\n") << statement;
  }
  ASSERT_EQ(run("drop trigger journal_entry_numbered on journal_entry; drop index "
                "journal_entry_by_sequence, journal_entry_by_number"),
            "");
  EXPECT_EQ(post("u"), "ERROR:  UNBALANCED_ENTRY\n");
  ASSERT_EQ(run("drop trigger journal_entry_balanced on journal_entry"), "");
  EXPECT_EQ(post("u"), "") << "without its trigger it gets in";
}

}  // namespace
}  // namespace accounting
