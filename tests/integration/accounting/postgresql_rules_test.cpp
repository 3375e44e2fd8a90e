#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <sstream>

#include "integration/accounting/postgresql_books.hpp"
#include "integration/accounting/statements.hpp"

namespace accounting {
namespace {

/// The plugin's schema for PostgreSQL with ledgerRows().
class PostgreSqlRules : public testing::Test {
 protected:
  void SetUp() override {
    if (!bulkhead::PostgresqlServer::isInstalled()) GTEST_SKIP() << "PostgreSQL is not installed";
    books_ = std::make_unique<PostgreSqlBooks>();
    ASSERT_EQ(books_->trouble(), "");
    ASSERT_EQ(books_->run(schemaOf(Engine::PostgreSql)), "");
    ASSERT_EQ(books_->run("begin;\n" + ledgerRows() + "commit;\n"), "");
  }

  /// The rules that refuse the statements, each after `before` has been run.
  std::vector<std::string> rulesAfter(const std::string& before) const {
    std::vector<std::string> texts;
    for (const Statement& statement : statements_) texts.push_back(before + statement.sql);
    std::vector<std::string> rules;
    for (const std::string& complaint : books_->complaintsAbout(texts)) {
      rules.push_back(ruleIn(complaint));
    }
    return rules;
  }

  const std::vector<Statement> statements_ = statementsOn(Engine::PostgreSql);
  std::unique_ptr<PostgreSqlBooks> books_;
};

TEST_F(PostgreSqlRules, A1_A4_A6_A7_NoStatementGoesAroundTheStoresRules) {
  const auto rules = rulesAfter("");
  ASSERT_EQ(rules.size(), statements_.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    EXPECT_EQ(rules[i], statements_[i].refusal) << statements_[i].sql;
  }
  EXPECT_EQ(books_->run("begin; update journal_line set amount = -100 where entry = 'u' and line = "
                        "2; update journal_line set amount = -99 where entry = 'u' and line = 2; "
                        "commit"),
            "")
      << "only the commit counts";
}

// Goal: an account's type does not change under a line that is on its way. Method: the change comes
// between the line and its commit, and after it; another line on the account need not wait.
TEST_F(PostgreSqlRules, A4_AnAccountsTypeWaitsForTheLinesOnTheirWay) {
  const std::string change = "update account set type = 'liability' where id = 'b'";
  const std::string line = "insert into journal_line values ('t', 'u', 3, 'b', 5, '')";
  EXPECT_EQ(books_->run("begin;\ninsert into journal_line values ('t', 'd', 3, 'b', 5, '');\n" +
                        books_->meanwhile(change) + books_->meanwhile(line) + "commit;\n"),
            "ERROR:  canceling statement due to lock timeout\n");
  EXPECT_EQ(ruleIn(books_->run(change)), "ACCOUNT_IN_USE");
}

// Goal: no trigger is there for nothing. Method: without each, another thing comes of some
// statement.
TEST_F(PostgreSqlRules, A1_A4_A6_A7_EachTriggerIsMissed) {
  std::vector<std::string> expected;
  for (const Statement& statement : statements_) expected.push_back(statement.refusal);
  std::istringstream triggers{books_->run(
      "select 'drop trigger ' || tgname || ' on ' || tgrelid::regclass || ';' from pg_trigger "
      "where not tgisinternal and tgname <> 'journal_entry_not_emptied' order by 1")};
  // That one stands before the foreign keys of a TRUNCATE with CASCADE, which asks the lines' too.
  std::size_t count = 0;
  for (std::string drop; std::getline(triggers, drop);) {
    EXPECT_NE(rulesAfter(drop + ' '), expected) << drop;
    ++count;
  }
  EXPECT_GE(count, 20U);
}

}  // namespace
}  // namespace accounting
