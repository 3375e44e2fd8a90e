#include <atomic>
#include <fmt/format.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <sys/stat.h>
#include <thread>

#include "data/audit_chain.hpp"
#include "data/audit_log.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

using testing::HasSubstr;

class Audit : public testing::Test {
 protected:
  Audit() {
    store->write([](Transaction& transaction) { audit::prepare(transaction); }, within());
  }

  AuditSealer sealer(const std::string& holder = "one") {
    return {
        *store, outside, {.holder = holder, .batch_max = 3, .now_us = [this] { return now_us; }}};
  }
  AuditEntry entry(const std::string& object, const std::string& chain = {}) const {
    return {.at_us = now_us,
            .chain = chain,
            .actor = "key:abc",
            .origin = "192.0.2.7",
            .action = "tenant.suspend",
            .object = object,
            .before = R"({"status":"active"})",
            .after = R"({"status":"suspended"})",
            .request_id = "r1"};
  }
  void write(int count, const std::string& chain = {}) {
    for (int i = 0; i < count; ++i) {
      store->write(
          [&](Transaction& transaction) {
            audit::append(transaction, entry(fmt::format("tenant:{}", i), chain));
          },
          within());
    }
  }
  std::size_t seal() { return sealer().seal(within()); }
  AuditVerdict verify() { return verifyAudit(*store, outside, within()); }
  std::string flaw() {
    const AuditVerdict verdict = verify();
    return verdict.flaws.empty() ? "none" : verdict.flaws.front().what;
  }
  /// What somebody does who has the file and knows what is in the way.
  void tamper(std::string_view sql) {
    for (const char* trigger :
         {"bulkhead_audit_stays", "bulkhead_audit_says", "bulkhead_audit_sealed"})
      run(*store, fmt::format("DROP TRIGGER IF EXISTS {}", trigger));
    run(*store, "DROP INDEX IF EXISTS bulkhead_audit_position");
    run(*store, sql);
  }
  std::vector<AuditRow> list(const AuditQuery& query = {}) {
    std::vector<AuditRow> rows;
    store->read([&](Transaction& transaction) { rows = audit::list(transaction, query); },
                within());
    return rows;
  }

  TemporaryFolder folder;
  std::int64_t now_us = 1'800'000'000'000'000;
  std::unique_ptr<SqliteStore> store = openSqliteStore({.path = folder / "audited.db"});
  const AuditHeadFile outside{folder / "audit.head"};
};

TEST_F(Audit, ARowIsThereWithItsEffectOrNotAtAll) {
  run(*store, "CREATE TABLE thing (id INTEGER PRIMARY KEY)");
  EXPECT_EQ(codeOf([&] {
              store->write(
                  [&](Transaction& transaction) {
                    send(transaction, "INSERT INTO thing VALUES (1)");
                    audit::append(transaction, entry("thing:1"));
                    throw Error::conflict("TAKEN", "no");
                  },
                  within());
            }),
            "TAKEN");
  EXPECT_TRUE(list().empty());
  store->write(
      [&](Transaction& transaction) {
        send(transaction, "INSERT INTO thing VALUES (1)");
        audit::append(transaction, entry("thing:1"));
      },
      within());
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(list()[0].entry.object, "thing:1");
  EXPECT_EQ(list()[0].entry.before, R"({"status":"active"})");
  EXPECT_FALSE(list()[0].position) << "no writer waits for the chain";
}

TEST_F(Audit, TheUnsealedTailIsNamed) {
  EXPECT_TRUE(verify().holds()) << "nothing is whole";
  write(4);
  const AuditVerdict before = verify();
  EXPECT_TRUE(before.holds());
  EXPECT_EQ(before.sealed, 0);
  EXPECT_EQ(before.unsealed, 4);
  EXPECT_EQ(before.first_unsealed_seq, 1);
  EXPECT_EQ(seal(), 4U) << "in two batches";
  write(1);
  const AuditVerdict after = verify();
  EXPECT_TRUE(after.holds());
  EXPECT_EQ(after.sealed, 4);
  EXPECT_EQ(after.unsealed, 1);
  EXPECT_EQ(after.first_unsealed_seq, 5);
  EXPECT_EQ(after.noted, 2U);
}

TEST_F(Audit, EachChainHasItsOwnLinks) {
  write(3, "acme");
  write(2);
  write(2, "other");
  write(2, "acme");
  EXPECT_EQ(seal(), 9U);
  const AuditVerdict verdict = verify();
  EXPECT_TRUE(verdict.holds());
  ASSERT_EQ(verdict.heads.size(), 3U);
  EXPECT_EQ(verdict.heads[0].position, 2);
  EXPECT_EQ(verdict.heads[1].chain, "acme");
  EXPECT_EQ(verdict.heads[1].position, 5);
  tamper("UPDATE bulkhead_audit SET actor = 'key:zzz' WHERE chain = 'other' AND position = 1");
  EXPECT_EQ(verify().flaws.size(), 1U);
  EXPECT_THAT(flaw(), HasSubstr("'other'"));
}

TEST_F(Audit, TriggersRefuseWhatAMistakeOfOursWouldDo) {
  write(2);
  seal();
  for (const char* sql : {"DELETE FROM bulkhead_audit WHERE seq = 1",
                          "UPDATE bulkhead_audit SET actor = 'x' WHERE seq = 1",
                          "UPDATE bulkhead_audit SET position = 9 WHERE seq = 1",
                          "UPDATE bulkhead_audit SET hash = NULL WHERE seq = 2"}) {
    EXPECT_EQ(codeOf([&] { run(*store, sql); }), "CONSTRAINT_VIOLATION") << sql;
  }
  EXPECT_TRUE(verify().holds());
}

TEST_F(Audit, AChangedRowIsNoticedInEveryColumn) {
  for (const char* column :
       {"at_us = at_us + 1", "chain = 'x'", "actor = 'x'", "origin = 'x'", "action = 'x'",
        "object = 'x'", "before_json = NULL", "after_json = ''", "request_id = 'x'", "seq = 99"}) {
    const TemporaryFolder own;
    store = openSqliteStore({.path = own / "audited.db"});
    std::ofstream{outside.path(), std::ios::trunc};
    store->write([](Transaction& transaction) { audit::prepare(transaction); }, within());
    write(5);
    seal();
    ASSERT_EQ(flaw(), "none");
    tamper(fmt::format("UPDATE bulkhead_audit SET {} WHERE position = 3", column));
    EXPECT_NE(flaw(), "none") << column;
    EXPECT_EQ(verify().flaws.at(0).position, 3) << column;
  }
}

TEST_F(Audit, ARemovedRowIsNoticedInTheMiddleAndAtTheEnd) {
  write(8);
  seal();
  tamper("DELETE FROM bulkhead_audit WHERE position = 8");
  EXPECT_THAT(flaw(), HasSubstr("ends at 7, and its head at 8"));
  tamper("DELETE FROM bulkhead_audit WHERE position BETWEEN 4 AND 5");
  EXPECT_THAT(flaw(), HasSubstr("Rows 4 to 5 are gone."));
  EXPECT_EQ(verify().flaws.at(0).position, 4);
}

// Who has the database may set its head back as well: only what was noted outside tells then.
TEST_F(Audit, ATailThatWasRemovedWithItsHeadIsToldByTheFileOutside) {
  write(6);
  seal();
  const std::string hash = list({.before_seq = 5})[0].hash;
  tamper("DELETE FROM bulkhead_audit WHERE position > 4");
  run(*store, "UPDATE bulkhead_audit_head SET position = 4, hash = $1", {value(hash)});
  EXPECT_THAT(flaw(), HasSubstr("6 rows were noted outside: the last ones are gone."));
  std::ofstream{outside.path(), std::ios::trunc};
  EXPECT_EQ(flaw(), "none") << "the control: the same file alone proves nothing here";
  std::filesystem::remove(outside.path());
  EXPECT_THAT(flaw(), HasSubstr("Nothing outside the store"));
}

// A chain without a secret can be computed by everybody.
TEST_F(Audit, AChainThatWasWrittenAnewIsToldByTheFileOutside) {
  write(6);
  seal();
  tamper("UPDATE bulkhead_audit SET actor = 'nobody' WHERE position = 2");
  run(*store, "UPDATE bulkhead_audit SET position = NULL, hash = NULL");
  run(*store, "DELETE FROM bulkhead_audit_head");
  const AuditHeadFile own{folder / "own.head"};
  AuditSealer anew{*store, own, {.holder = "one", .now_us = [this] { return now_us; }}};
  EXPECT_EQ(anew.seal(within()), 6U);
  EXPECT_THAT(flaw(), HasSubstr("the chain was written anew"));
  EXPECT_TRUE(verifyAudit(*store, own, within()).holds()) << "the control";
}

TEST_F(Audit, AnInsertedRowIsNoticed) {
  write(4);
  seal();
  const std::string columns =
      "at_us, chain, actor, origin, action, object, before_json, after_json, request_id";
  tamper(
      fmt::format("INSERT INTO bulkhead_audit ({0}, position, hash) SELECT {0}, position, hash "
                  "FROM bulkhead_audit WHERE position = 2",
                  columns));
  EXPECT_THAT(flaw(), HasSubstr("inserted at 2"));
  tamper("DELETE FROM bulkhead_audit WHERE seq = 5");
  EXPECT_EQ(flaw(), "none");
  tamper(
      fmt::format("INSERT INTO bulkhead_audit ({0}, position, hash) SELECT {0}, 5, hash "
                  "FROM bulkhead_audit WHERE position = 2",
                  columns));
  EXPECT_THAT(flaw(), HasSubstr("not what was sealed there"));
}

TEST_F(Audit, ReorderedRowsAreNoticed) {
  write(4);
  seal();
  tamper("UPDATE bulkhead_audit SET position = 5 - position WHERE position IN (2, 3)");
  EXPECT_THAT(flaw(), HasSubstr("The row at 2"));
  tamper("UPDATE bulkhead_audit SET position = 5 - position WHERE position IN (2, 3)");
  EXPECT_EQ(flaw(), "none");
  tamper(
      "UPDATE bulkhead_audit SET object = CASE position WHEN 2 THEN 'tenant:2' ELSE 'tenant:1' "
      "END WHERE position IN (2, 3)");
  EXPECT_THAT(flaw(), HasSubstr("The row at 2"));
}

TEST_F(Audit, OneSealerAtATimeHoldsTheLease) {
  write(2);
  run(*store,
      "INSERT INTO bulkhead_audit_sealer VALUES (1, 'one that died between two batches', $1)",
      {value(now_us + 5)});
  EXPECT_EQ(seal(), 0U);
  now_us += 5;
  EXPECT_EQ(seal(), 2U) << "it is followed when its time is over";
  write(2);
  EXPECT_EQ(sealer("two").seal(within()), 2U) << "who has sealed all holds nobody up";
  EXPECT_TRUE(verify().holds());
}

TEST_F(Audit, SealersAtOnceSealEachRowOnce) {
  std::vector<std::unique_ptr<AuditSealer>> sealers;
  std::atomic<std::size_t> sealed{0};
  write(60);
  std::vector<std::thread> threads;
  for (const char* holder : {"one", "two", "three"}) {
    sealers.push_back(std::make_unique<AuditSealer>(
        *store, outside,
        AuditSealerOptions{.holder = holder, .batch_max = 3, .now_us = [this] { return now_us; }}));
    threads.emplace_back([&sealed, own = sealers.back().get()] { sealed += own->seal(within()); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sealed, 60U);
  EXPECT_EQ(verify().sealed, 60);
  EXPECT_TRUE(verify().holds());
}

TEST_F(Audit, VerifyHoldsWhileOthersWriteAndSeal) {
  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    auto own = sealer();
    while (!stop) {
      write(5);
      own.seal(within());
    }
  }};
  AuditVerdict verdict;
  while (verdict.sealed < 60 && verdict.holds()) verdict = verify();
  stop = true;
  writer.join();
  EXPECT_TRUE(verdict.holds()) << verdict.flaws.front().what;
}

TEST_F(Audit, AHeadThatACrashKeptFromTheFileIsNotedNext) {
  write(2);
  seal();
  const auto noted = outside.read().heads;
  std::filesystem::remove(outside.path());
  sealer().seal(within());
  EXPECT_EQ(outside.read().heads, noted);
  sealer().seal(within());
  EXPECT_EQ(outside.read().heads, noted) << "once";
}

TEST_F(Audit, TheFileOutsideIsForItsOwnerAndSurvivesATornLine) {
  write(2);
  seal();
  struct stat info {};
  ASSERT_EQ(::stat(outside.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  std::ofstream{outside.path(), std::ios::app} << "2026-11-22T04:00:00.000Z - 3 00ab";
  write(1);
  seal();
  const auto content = outside.read();
  EXPECT_EQ(content.damaged_lines, 1U);
  ASSERT_EQ(content.heads.size(), 2U);
  EXPECT_EQ(content.heads[1].position, 3);
  EXPECT_TRUE(verify().holds());
}

TEST_F(Audit, AFileThatCannotBeWrittenIsTriedAgain) {
  std::filesystem::create_directory(outside.path());
  write(1);
  auto own = sealer();
  EXPECT_EQ(own.seal(within()), 1U) << "sealing goes on";
  std::filesystem::remove(outside.path());
  own.seal(within());
  EXPECT_EQ(outside.read().heads.size(), 1U);
}

TEST_F(Audit, ListsTheNewestFirstInPages) {
  write(5);
  now_us += 10;
  write(2, "acme");
  EXPECT_EQ(list({.limit = 3})[0].seq, 7);
  EXPECT_EQ(list({.before_seq = 5, .limit = 3})[0].seq, 4);
  EXPECT_EQ(list({.since_us = now_us}).size(), 2U);
  EXPECT_EQ(list({.chain = "acme"}).size(), 2U);
  EXPECT_EQ(list({.chain = ""}).size(), 5U);
  EXPECT_EQ(list({.action = "tenant.suspend"}).size(), 7U);
  EXPECT_TRUE(list({.action = "tenant"}).empty());
  EXPECT_EQ(list({.object = "tenant:4"}).size(), 1U);
}

}  // namespace
}  // namespace bulkhead::host::data
