#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>
#include <string>

#include "integration/accounting/sqlite_books.hpp"
#include "integration/accounting/statements.hpp"

namespace accounting {
namespace {

/// The plugin's schema in memory. Entry "e" has 100 and -100, entry "u" 100 and -99; both are
/// drafts.
class LedgerRules : public testing::Test {
 protected:
  void SetUp() override { open(schemaOf(Engine::Sqlite)); }

  void open(const std::string& schema) {
    books_ = std::make_unique<SqliteBooks>(schema);
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

  /// The rule that refuses it, or nothing.
  std::string run(const std::string& sql) { return ruleIn(books_->run(sql)); }

  std::unique_ptr<SqliteBooks> books_;
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
  EXPECT_EQ(books_->textOf("select sum(amount) from journal_line where entry = 'u'"), "1");
}

TEST_F(LedgerRules, A2_TheStoreTakesNoFractions) {
  for (const char* amount : {"0.5", "'1.5'", "'x'", "null", "0", "1e300", "9007199254740992"}) {
    EXPECT_NE(line("e", 3, amount), "") << amount;
  }
  EXPECT_EQ(line("e", 3, "9007199254740991"), "");
}

TEST_F(LedgerRules, A2_InATableThatIsNotStrictAFractionGetsIn) {
  std::string schema = schemaOf(Engine::Sqlite);
  for (auto at = schema.find("strict, "); at != std::string::npos; at = schema.find("strict, ")) {
    schema.erase(at, std::string_view{"strict, "}.size());
  }
  open(schema);
  EXPECT_EQ(line("e", 3, "0.5"), "");
  EXPECT_EQ(books_->textOf("select typeof(amount) from journal_line where line = 3"), "real");
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

/// The rules that refuse each statement on the rows of ledgerRows(), in books that `change` was
/// done to.
std::vector<std::string> rulesOf(const std::vector<Statement>& statements,
                                 const std::string& change) {
  SqliteBooks books{schemaOf(Engine::Sqlite) + ledgerRows() + change};
  std::vector<std::string> rules;
  for (const Statement& statement : statements) {
    books.run("savepoint one");
    rules.push_back(ruleIn(books.run(statement.sql)));
    books.run("rollback to one; release one");
  }
  return rules;
}

std::vector<std::string> refusalsOf(const std::vector<Statement>& statements) {
  std::vector<std::string> refusals;
  for (const Statement& statement : statements) refusals.push_back(statement.refusal);
  return refusals;
}

TEST(LedgerStatements, A1_A4_A6_A7_NoStatementGoesAroundTheStoresRules) {
  const auto statements = statementsOn(Engine::Sqlite);
  const auto rules = rulesOf(statements, "");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    EXPECT_EQ(rules[i], statements[i].refusal) << statements[i].sql;
  }
}

// Goal: the rules are not the foreign keys', which a connection may have off. Method: it has.
TEST(LedgerStatements, A4_TheyHoldWithoutForeignKeys) {
  const auto statements = statementsOn(Engine::Sqlite);
  const auto rules = rulesOf(statements, "pragma foreign_keys = off;");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (statements[i].refusal == "REFERENCE") continue;
    EXPECT_EQ(rules[i], statements[i].refusal) << statements[i].sql;
  }
}

// Goal: no trigger is there for nothing. Method: without each, another thing comes of some
// statement.
TEST(LedgerStatements, A1_A4_A6_A7_EachTriggerIsMissed) {
  const auto statements = statementsOn(Engine::Sqlite);
  const auto refusals = refusalsOf(statements);
  SqliteBooks books{schemaOf(Engine::Sqlite)};
  std::istringstream names{
      books.textOf("select group_concat(name, ' ') from sqlite_schema where type = 'trigger'")};
  std::size_t count = 0;
  for (std::string name; names >> name; ++count) {
    EXPECT_NE(rulesOf(statements, "drop trigger " + name), refusals) << name;
  }
  EXPECT_GE(count, 20U);
}

}  // namespace
}  // namespace accounting
