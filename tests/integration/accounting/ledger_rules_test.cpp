#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sqlite3.h>
#include <sstream>
#include <string>

namespace accounting {
namespace {

std::string schemaText() {
  std::ifstream file{BULKHEAD_SOURCE_DIR "/plugins/accounting/migrations/sqlite/0001_ledger.sql"};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The plugin's schema in memory, written without the plugin: what any other code path would do.
/// Entry "e" has 100 and -100, entry "u" 100 and -99; both are drafts.
class LedgerRules : public testing::Test {
 protected:
  void SetUp() override { open(schemaText()); }

  void open(const std::string& schema) {
    sqlite3* opened = nullptr;
    ASSERT_EQ(sqlite3_open(":memory:", &opened), SQLITE_OK);
    database_.reset(opened);
    ASSERT_EQ(run("pragma foreign_keys = on"), "");
    ASSERT_EQ(run(schema), "");
    ASSERT_EQ(run("insert into company values ('t', 'US', 'services', 'USD', 1, 0, 0)"), "");
    for (const char* account : {"a", "b"}) {
      ASSERT_EQ(run(fmt::format("insert into account values ('t', '{0}', '{0}', '{0}', 'asset', "
                                "null, 1, 1, 0, 0)",
                                account)),
                "");
    }
    draft("e", -100);
    draft("u", -99);
  }

  void draft(const std::string& id, int credit) {
    ASSERT_EQ(run(fmt::format("insert into journal_entry (tenant, id, date, memo, currency, "
                              "created_by, created_at, updated_at, version) "
                              "values ('t', '{}', '2026-01-05', '', 'USD', 'k', 0, 0, 1)",
                              id)),
              "");
    ASSERT_EQ(line(id, 1, "100"), "");
    ASSERT_EQ(line(id, 2, std::to_string(credit)), "");
  }

  std::string line(const std::string& entry, int number, const std::string& amount) {
    return run(fmt::format("insert into journal_line values ('t', '{}', {}, 'a', {}, '')", entry,
                           number, amount));
  }
  std::string post(const std::string& id, int number = 1, const std::string& prev_hash = "") {
    return run(
        fmt::format("update journal_entry set state = 'posted', sequence = {1}, number = "
                    "{1}, year = 2026, posted_at = 0, prev_hash = '{2}', hash = 'h{1}' "
                    "where id = '{0}'",
                    id, number, prev_hash));
  }
  void dropTrigger(const std::string& name) { ASSERT_EQ(run("drop trigger " + name), ""); }

  /// The database's complaint, or nothing.
  std::string run(const std::string& sql) {
    char* message = nullptr;
    sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, &message);
    const std::string complaint = message == nullptr ? "" : message;
    sqlite3_free(message);
    return complaint;
  }
  std::string textOf(const std::string& sql) {
    std::string found;
    const auto take = [](void* out, int, char** columns, char**) {
      *static_cast<std::string*>(out) = columns[0] == nullptr ? "" : columns[0];
      return 0;
    };
    sqlite3_exec(database_.get(), sql.c_str(), take, &found, nullptr);
    return found;
  }

  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

TEST_F(LedgerRules, A1_TheStorePostsOnlyWhatBalances) {
  EXPECT_EQ(post("u"), "UNBALANCED_ENTRY");
  ASSERT_EQ(run("delete from journal_line where entry = 'u' and line = 2"), "");
  EXPECT_EQ(post("u"), "TOO_FEW_LINES");
  EXPECT_EQ(run("insert into journal_entry (tenant, id, state, date, memo, currency, created_by, "
                "created_at, updated_at, version, sequence, year, number, posted_at, prev_hash, "
                "hash) values ('t', 'x', 'posted', '2026-01-05', '', 'USD', 'k', 0, 0, 1, 1, 2026, "
                "1, 0, '', 'h')"),
            "ENTRY_NOT_DRAFT");
  EXPECT_EQ(post("e"), "");
}

TEST_F(LedgerRules, A1_WithoutItsTriggerAnUnbalancedEntryGetsIn) {
  dropTrigger("journal_entry_balanced");
  EXPECT_EQ(post("u"), "");
  EXPECT_EQ(textOf("select sum(amount) from journal_line where entry = 'u'"), "1");
}

TEST_F(LedgerRules, A2_TheStoreTakesNoFractions) {
  for (const char* amount : {"0.5", "'1.5'", "'x'", "null", "0", "1e300", "9007199254740992"}) {
    EXPECT_NE(line("e", 3, amount), "") << amount;
  }
  EXPECT_EQ(line("e", 3, "9007199254740991"), "");
}

TEST_F(LedgerRules, A2_InATableThatIsNotStrictAFractionGetsIn) {
  std::string schema = schemaText();
  for (auto at = schema.find("strict, "); at != std::string::npos; at = schema.find("strict, ")) {
    schema.erase(at, std::string_view{"strict, "}.size());
  }
  open(schema);
  EXPECT_EQ(line("e", 3, "0.5"), "");
  EXPECT_EQ(textOf("select typeof(amount) from journal_line where line = 3"), "real");
}

TEST_F(LedgerRules, A4_WhatIsPostedCannotBeChangedByAnyStatement) {
  ASSERT_EQ(post("e"), "");
  for (const char* statement :
       {"update journal_entry set memo = 'x' where id = 'e'",
        "update journal_entry set state = 'draft', sequence = null, year = null, number = null, "
        "posted_at = null, prev_hash = null, hash = null where id = 'e'",
        "delete from journal_entry where id = 'e'",
        "update journal_line set amount = 1 where entry = 'e'",
        "update journal_line set entry = 'u', line = 7 where entry = 'e' and line = 1",
        "update journal_line set entry = 'e', line = 7 where entry = 'u' and line = 1",
        "delete from journal_line where entry = 'e'",
        "insert into journal_line values ('t', 'e', 3, 'a', 5, '')",
        "insert or replace into journal_line values ('t', 'e', 1, 'a', 5, '')",
        "insert or replace into journal_entry (tenant, id, date, memo, currency, created_by, "
        "created_at, updated_at, version) values ('t', 'e', '2026-01-05', 'x', 'USD', 'k', 0, 0, "
        "1)"}) {
    EXPECT_EQ(run(statement), "IMMUTABLE") << statement;
  }
  EXPECT_EQ(run("update account set type = 'income' where id = 'a'"), "ACCOUNT_IN_USE");
  EXPECT_NE(run("delete from account where id = 'a'"), "");
  EXPECT_EQ(run("delete from journal_entry where id = 'u'"), "") << "drafts go";
}

TEST_F(LedgerRules, A4_WithoutItsTriggersAPostedEntryChanges) {
  ASSERT_EQ(post("e"), "");
  for (const char* trigger : {"journal_entry_kept", "journal_entry_not_deleted",
                              "journal_line_kept", "journal_line_not_deleted"}) {
    dropTrigger(trigger);
  }
  EXPECT_EQ(run("update journal_line set amount = 1 where entry = 'e'"), "");
  EXPECT_EQ(run("delete from journal_entry where id = 'e'"), "");
}

TEST_F(LedgerRules, A6_ASourceIsPostedOnceWhateverWrites) {
  const auto source = [&](const std::string& id, const std::string& verb) {
    return run(verb +
               " into journal_entry (tenant, id, date, memo, currency, created_by, created_at, "
               "updated_at, version, source_type, source_id, posting_kind) values ('t', '" +
               id + "', '2026-01-05', '', 'USD', 'k', 0, 0, 1, 'payment', 'pi_1', 'charge')");
  };
  EXPECT_EQ(source("s1", "insert"), "");
  EXPECT_EQ(source("s2", "insert"), "DUPLICATE");
  EXPECT_EQ(source("s2", "insert or replace"), "DUPLICATE");
  dropTrigger("journal_entry_begins");
  EXPECT_NE(source("s2", "insert"), "") << "the index alone refuses it, too";
  ASSERT_EQ(run("drop index journal_entry_by_source"), "");
  EXPECT_EQ(source("s2", "insert"), "") << "and without it the payment is there twice";
}

TEST_F(LedgerRules, A7_NumbersFollowEachOther) {
  draft("f", -100);
  EXPECT_EQ(post("e", 2), "NUMBER_NOT_NEXT");
  ASSERT_EQ(post("e", 1), "");
  EXPECT_EQ(post("f", 1), "NUMBER_NOT_NEXT");
  EXPECT_EQ(post("f", 3), "NUMBER_NOT_NEXT");
  EXPECT_EQ(post("f", 2, "another"), "CHAIN_BROKEN");
  EXPECT_EQ(post("f", 2, "h1"), "");
  draft("g", -100);
  dropTrigger("journal_entry_numbered");
  EXPECT_EQ(post("g", 9, "another"), "") << "without its trigger there is a gap";
}

}  // namespace
}  // namespace accounting
