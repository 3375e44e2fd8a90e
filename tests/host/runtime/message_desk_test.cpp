#include "runtime/message_desk.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

#include "data/migrations.hpp"
#include "data/sqlite_store.hpp"
#include "runtime/inbox.hpp"
#include "runtime/message_schema.hpp"
#include "runtime/outbox.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kNow = 1'800'000'000'000'000;
constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::int64_t kDay = 24 * kHour;
constexpr const char* kBank = "bank/1";

std::chrono::steady_clock::time_point soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds{20};
}

/// A desk on a store in memory, at whatever time it is told.
class MessageDeskTest : public ::testing::Test {
 protected:
  MessageDeskTest() { migrateMessages(*store_, "desk", soon()); }

  Json ask(const Json& request) {
    const DeskStore desk{[&](const data::TransactionClosure& work) { store_->read(work, soon()); },
                         [&](const data::TransactionClosure& work) {
                           store_->write(work, soon());
                           if (after_write_) after_write_();
                         },
                         now_us_, sure_now_us_};
    return Json::parse(answerMessageDesk(request.dump(), desk, 0));
  }
  void moveTo(std::int64_t now_us) { now_us_ = sure_now_us_ = now_us; }

  void publish(const std::string& key, const std::string& payload = "{}",
               std::string_view event = "deposited") {
    write([&](data::Transaction& transaction) {
      outbox::publish(transaction, {kBank, event, payload, {}, {}, key, {}}, "id" + key, now_us_);
    });
  }
  static Json event(const std::string& id, const std::string& provider = "teller",
                    const std::string& subject = "") {
    return {{"source", kBank},      {"provider", provider}, {"id", id},
            {"event", "deposited"}, {"subject", subject},   {"tenant", ""},
            {"trace", ""},          {"payload", "{}"},      {"created_us", kNow}};
  }
  Json keep(const std::vector<Json>& events, bool aside = false) {
    Json request{{"verb", "keep"}, {"messages", events}};
    for (auto& one : request["messages"]) one["aside"] = aside;
    return ask(request).at(aside ? "aside" : "kept");
  }
  std::vector<std::int64_t> due() {
    std::vector<std::int64_t> seqs;
    const Json found = ask({{"verb", "agenda"}, {"limit", 32}});
    for (const auto& one : found.at("due")) seqs.push_back(one.at("seq"));
    return seqs;
  }
  Json listen(const std::string& type = "deposited") {
    return ask({{"verb", "listen"}, {"handlers", {{{"source", kBank}, {"type", type}}}}});
  }
  void finish(std::int64_t seq, const char* state) {
    ask({{"verb", "finish"}, {"seq", seq}, {"state", state}});
  }
  Json settle(const Json& consumers, std::int64_t through) {
    return ask({{"verb", "settle"},
                {"capability", kBank},
                {"consumers", consumers},
                {"through", through},
                {"expired_us", 30 * kDay}});
  }
  Json advance(const std::string& consumer, std::int64_t seq) {
    return ask({{"verb", "advance"}, {"capability", kBank}, {"consumer", consumer}, {"seq", seq}});
  }

  void write(const data::TransactionClosure& work) { store_->write(work, soon()); }
  std::int64_t number(const std::string& sql) {
    std::int64_t found = -1;
    store_->read(
        [&](data::Transaction& transaction) {
          transaction.read(sql, nullptr, 0, [&](const bulkhead_value* columns, std::size_t) {
            found = columns[0].integer;
            return 1;
          });
        },
        soon());
    return found;
  }
  std::string plan(const std::string& sql) {
    std::string text;
    store_->read(
        [&](data::Transaction& transaction) {
          transaction.read("EXPLAIN QUERY PLAN " + sql, nullptr, 0,
                           [&](const bulkhead_value* columns, std::size_t count) {
                             text += Row{columns, count}.string(3) + "\n";
                             return 0;
                           });
        },
        soon());
    return text;
  }

  std::vector<std::string> statements_;
  std::unique_ptr<data::SqliteStore> store_ =
      data::openSqliteStore({.owner = "desk",
                             .closure_budget = std::chrono::seconds{10},
                             .on_statement = [this](std::string_view sql, std::chrono::microseconds,
                                                    bool) { statements_.emplace_back(sql); }});
  std::function<void()> after_write_;
  std::int64_t now_us_ = kNow;
  std::int64_t sure_now_us_ = kNow;
};

/// What one transaction took away of that, at most.
class Bites {
 public:
  explicit Bites(std::function<std::int64_t()> left) : left_{std::move(left)}, before_{left_()} {}
  void look() {
    const std::int64_t now = left_();
    largest = std::max(largest, before_ - now);
    before_ = now;
  }
  std::int64_t largest = 0;

 private:
  std::function<std::int64_t()> left_;
  std::int64_t before_;
};

constexpr std::int64_t kBiteMax = 2 * 1024 * 1024;

// Goal: whatever has piled up, no transaction of the desk is long. Method: 24 MiB of events, and
// how much of it each transaction takes away.
TEST_F(MessageDeskTest, LargeEventsAreSettledInShortTransactions) {
  constexpr int kEvents = 120;
  const std::string payload = '"' + std::string(200'000, 'x') + '"';
  const auto left = [&] {
    return number("SELECT coalesce(sum(length(payload)), 0) FROM bulkhead_outbox");
  };
  write([&](data::Transaction& transaction) {
    for (int i = 0; i < kEvents; ++i)
      outbox::publish(transaction, {kBank, "deposited", payload, {}, {}, {}, {}},
                      fmt::format("e{}", i), now_us_);
  });
  Bites bites{left};
  after_write_ = [&] { bites.look(); };
  advance("clerk", 1000);
  int asked = 1;
  while (settle({"clerk"}, 1000).at("more") == true) ++asked;
  EXPECT_EQ(left(), 0);
  EXPECT_LE(bites.largest, kBiteMax);
  EXPECT_GT(asked, 1) << "nor is one request";
}

TEST_F(MessageDeskTest, LargeEventsExpireInShortTransactions) {
  const std::string payload = '"' + std::string(200'000, 'x') + '"';
  for (int i = 0; i < 40; ++i) publish(std::to_string(i), payload);
  moveTo(kNow + 31 * kDay);
  Bites bites{[&] {
    return number(
        "SELECT coalesce(sum(length(payload)), 0) FROM bulkhead_outbox WHERE state = 'new'");
  }};
  after_write_ = [&] { bites.look(); };
  std::int64_t died = 0;
  for (bool more = true; more;) {
    const Json settled = settle({"clerk"}, 1000);
    died += settled.at("died").get<std::int64_t>();
    more = settled.at("more");
  }
  EXPECT_EQ(died, 40);
  EXPECT_LE(bites.largest, kBiteMax);
}

TEST_F(MessageDeskTest, LargeMessagesAreSweptInShortTransactions) {
  write([&](data::Transaction& transaction) {
    for (int i = 0; i < 30; ++i) {
      inbox::NewRow row;
      row.source = "slips";
      row.key = std::to_string(i);
      row.body.assign(500'000, 'x');
      inbox::keep(transaction, row, now_us_);
    }
  });
  for (const auto seq : due()) finish(seq, "done");
  const auto sweep = [&](std::int64_t emptied, std::int64_t forgotten) {
    Bites bites{[&] {
      return number("SELECT coalesce(sum(length(body)), 0) + count(*) FROM bulkhead_inbox");
    }};
    after_write_ = [&] { bites.look(); };
    const Json request{{"verb", "sweep"}, {"emptied_us", emptied}, {"forgotten_us", forgotten}};
    while (ask(request).at("more") == true) continue;
    after_write_ = {};
    return bites.largest;
  };
  moveTo(kNow + kHour);
  EXPECT_LE(sweep(0, kDay), kBiteMax);
  EXPECT_EQ(number("SELECT count(*) FROM bulkhead_inbox WHERE body IS NOT NULL"), 0);
  EXPECT_LE(sweep(0, 0), static_cast<std::int64_t>(inbox::kBatchRows));
  EXPECT_EQ(number("SELECT count(*) FROM bulkhead_inbox"), 0);
}

// Goal: counting reads no message. Method: what the engine says of each statement of it that the
// desk has sent.
TEST_F(MessageDeskTest, FiguresReadIndexesAlone) {
  publish("k");
  keep({event("e")});
  statements_.clear();
  ask({{"verb", "figures"}});
  int counted = 0;
  for (const std::string& sql : std::vector{statements_}) {
    if (!sql.starts_with("SELECT")) continue;
    ++counted;
    EXPECT_NE(plan(sql).find("USING COVERING INDEX"), std::string::npos) << sql << plan(sql);
  }
  EXPECT_EQ(counted, 4);
  // the control: the engine says so where a row is read
  EXPECT_EQ(plan("SELECT source, count(*), min(event_time_us) FROM bulkhead_inbox WHERE state = "
                 "'new' GROUP BY source")
                .find("COVERING"),
            std::string::npos);
}

TEST_F(MessageDeskTest, AnIdThatIsTooLongIsRefusedWhereItIsPublished) {
  const std::string key(200, 'k');
  publish(key, "{}", std::string(55, 'e'));
  EXPECT_THROW(publish(key, "{}", std::string(56, 'e')), Error);
  EXPECT_EQ(number("SELECT max(length(id)) FROM bulkhead_outbox"), 256);
}

// Goal: what was published after somebody was enabled is not taken by those who did not know of it.
TEST_F(MessageDeskTest, OnlyWhatWasThereIsSettled) {
  publish("before");
  const std::int64_t last = ask({{"verb", "mark"}, {"capability", kBank}}).at("last");
  publish("after");
  settle(Json::array(), last);
  const Json page =
      ask({{"verb", "next"}, {"capability", kBank}, {"consumer", "clerk"}, {"expired_us", kDay}});
  ASSERT_EQ(page.at("events").size(), 1U);
  EXPECT_EQ(page.at("events")[0].at("id"), "deposited:after");
}

TEST_F(MessageDeskTest, WhatIsTooOldIsNotDeliveredAlthoughNobodyHasMarkedIt) {
  publish("old");
  moveTo(kNow + 31 * kDay);
  publish("new");
  const Json page = ask(
      {{"verb", "next"}, {"capability", kBank}, {"consumer", "clerk"}, {"expired_us", 30 * kDay}});
  ASSERT_EQ(page.at("events").size(), 1U);
  EXPECT_EQ(page.at("events")[0].at("id"), "deposited:new");
}

TEST_F(MessageDeskTest, EqualIdsOfTwoProvidersAreTwoEvents) {
  EXPECT_EQ(keep({event("e", "teller"), event("e", "rival")}), 2);
  EXPECT_EQ(keep({event("e", "teller"), event("e", "rival")}), 0);
}

TEST_F(MessageDeskTest, WhatWasKeptBeforeProvidersWereWrittenDownIsNotKeptAgain) {
  EXPECT_EQ(keep({event("e", "")}), 1);
  EXPECT_EQ(keep({event("e", "teller")}), 0);
}

TEST_F(MessageDeskTest, WhatWasListenedToWaitsForTheNextListener) {
  listen();
  EXPECT_EQ(keep({event("a", "teller", "s"), event("b", "teller", "s")}, true), 2);
  EXPECT_TRUE(due().empty()) << "nobody listens";
  EXPECT_EQ(listen().at("more"), false);
  EXPECT_EQ(due(), (std::vector<std::int64_t>{1})) << "one after the other";
  finish(1, "done");
  EXPECT_EQ(due(), (std::vector<std::int64_t>{2}));
  finish(2, "done");
  EXPECT_EQ(keep({event("a"), event("b")}, true), 0) << "and once";
  listen();
  EXPECT_TRUE(due().empty());
}

TEST_F(MessageDeskTest, WhatWasNeverListenedToIsNotKept) {
  listen("closed");
  EXPECT_EQ(keep({event("a")}, true), 0);
  EXPECT_EQ(listen().at("heard").size(), 2U);
  EXPECT_TRUE(due().empty());
}

TEST_F(MessageDeskTest, ThousandsThatWereIgnoredComeBackInShortTransactions) {
  constexpr int kMessages = 2000;
  listen();
  std::vector<Json> events;
  for (int i = 0; i < kMessages; ++i) events.push_back(event(std::to_string(i)));
  ASSERT_EQ(keep(events, true), kMessages);
  Bites bites{
      [&] { return number("SELECT count(*) FROM bulkhead_inbox WHERE state = 'ignored'"); }};
  after_write_ = [&] { bites.look(); };
  int asked = 1;
  while (listen().at("more") == true) ++asked;
  EXPECT_GT(asked, 1);
  EXPECT_LE(bites.largest, static_cast<std::int64_t>(inbox::kBatchRows));
  EXPECT_EQ(number("SELECT count(*) FROM bulkhead_inbox WHERE state = 'new'"), kMessages);
}

TEST_F(MessageDeskTest, AnIgnoredOneIsReplayedAsADeadOneIs) {
  keep({event("a"), event("b"), event("c")});
  finish(1, "ignored");
  finish(2, "dead");
  finish(3, "done");
  const auto replay = [&](int seq) {
    return ask({{"verb", "replay"}, {"seq", seq}}).at("replayed").get<bool>();
  };
  EXPECT_TRUE(replay(1));
  EXPECT_TRUE(replay(2));
  EXPECT_FALSE(replay(3));
}

TEST_F(MessageDeskTest, AClockThatIsSetBackHoldsUpNoMessage) {
  keep({event("a"), event("b")});
  ask({{"verb", "postpone"}, {"seq", 2}, {"error", "E"}, {"attempts_max", 20}});
  EXPECT_EQ(due(), (std::vector<std::int64_t>{1})) << "the other one waits";
  for (const std::int64_t back : {kHour / 2, 5 * kHour}) {
    moveTo(kNow - back);
    EXPECT_EQ(due(), (std::vector<std::int64_t>{1, 2}));
  }
  moveTo(kNow + 5 * kHour);
  EXPECT_EQ(due(), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(MessageDeskTest, APauseThatWasPlannedJustNowIsKept) {
  keep({event("a")});
  ask({{"verb", "postpone"}, {"seq", 1}, {"error", "E"}, {"attempts_max", 20}});
  moveTo(kNow - 1000);  // a desk that was asked a moment before
  EXPECT_TRUE(due().empty());
}

// Goal: a clock that is set forward by hours makes nothing too old: ages are those of the clock
// that never jumps.
TEST_F(MessageDeskTest, AClockThatIsSetForwardMakesNothingTooOld) {
  publish("k");
  keep({event("a")});
  finish(1, "done");
  now_us_ = kNow + 40 * kDay;
  EXPECT_EQ(settle({"clerk"}, 10).at("died"), 0);
  ask({{"verb", "sweep"}, {"emptied_us", 30 * kDay}, {"forgotten_us", 30 * kDay}});
  EXPECT_EQ(number("SELECT count(*) FROM bulkhead_inbox WHERE body IS NOT NULL"), 1);
  sure_now_us_ = now_us_;  // the control: time that has passed
  EXPECT_EQ(settle({"clerk"}, 10).at("died"), 1);
  ask({{"verb", "sweep"}, {"emptied_us", 30 * kDay}, {"forgotten_us", 50 * kDay}});
  EXPECT_EQ(number("SELECT count(*) FROM bulkhead_inbox WHERE body IS NOT NULL"), 0);
}

TEST_F(MessageDeskTest, BodiesGoHoweverTheClockWasMoved) {
  keep({event("a")});
  finish(1, "done");
  moveTo(kNow + 30 * kDay + 5 * kHour);
  ask({{"verb", "sweep"}, {"emptied_us", 30 * kDay}, {"forgotten_us", 90 * kDay}});
  EXPECT_EQ(number("SELECT count(*) FROM bulkhead_inbox WHERE body IS NOT NULL"), 0);
}

// Goal: a store of the first layout goes on. Method: one is made, with what a plugin may have had
// in it, and brought to this one.
TEST(MessageSchema, AnEarlierStoreGoesOn) {
  const auto store = data::openSqliteStore({.owner = "old"});
  store->write(
      [](data::Transaction& transaction) {
        for (const char* sql :
             {"CREATE TABLE bulkhead_outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT "
              "NULL, capability TEXT NOT NULL, event TEXT NOT NULL, tenant TEXT NOT NULL, subject "
              "TEXT NOT NULL, payload TEXT NOT NULL, trace TEXT NOT NULL, created_us BIGINT NOT "
              "NULL, keyed INTEGER NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL)",
              "CREATE TABLE bulkhead_inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT "
              "NULL, key TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL, tenant TEXT NOT "
              "NULL, headers TEXT NOT NULL, body BLOB, event_time_us BIGINT NOT NULL, received_us "
              "BIGINT NOT NULL, trace TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT "
              "NULL, next_at_us BIGINT NOT NULL, error TEXT NOT NULL)",
              "CREATE UNIQUE INDEX bulkhead_inbox_key ON bulkhead_inbox (source, key)",
              "INSERT INTO bulkhead_inbox VALUES (7, 'bank/1', 'e', 'deposited', 's', 't', '[]', "
              "x'7b7d', 5, 6, 'x', 'new', 2, 8, 'E: e')",
              "INSERT INTO bulkhead_inbox VALUES (9, 'bank/1', 'f', 'deposited', '', '', '[]', "
              "x'7b7d', 5, 6, '', 'done', 0, 8, '')",
              "DELETE FROM bulkhead_inbox WHERE seq = 9"})
          transaction.send(sql, nullptr, 0);
      },
      soon());
  migrateMessages(*store, "old", soon());
  migrateMessages(*store, "old", soon());
  store->write(
      [](data::Transaction& transaction) {
        const auto row = inbox::load(transaction, 7);
        ASSERT_TRUE(row);
        EXPECT_EQ(row->message.key, "e");
        EXPECT_EQ(row->message.body, "{}");
        EXPECT_EQ(row->message.subject, "s");
        EXPECT_EQ(row->attempts, 2U);
        inbox::NewRow next;
        next.source = kBank;
        next.key = "g";
        EXPECT_TRUE(inbox::keep(transaction, next, kNow));
        EXPECT_TRUE(inbox::load(transaction, 10)) << "a number is not given twice";
      },
      soon());
  EXPECT_EQ(data::schemaVersion(*store, soon()), 0) << "the plugin's own steps are others";
}

// Goal: code of the first layout may have been at the store in between. Method: what it does at its
// start is done, and then two providers number alike.
TEST(MessageSchema, EarlierCodeInBetweenTakesNoProviderAway) {
  const auto store = data::openSqliteStore({.owner = "between"});
  migrateMessages(*store, "between", soon());
  const auto keepOf = [&](const char* provider) {
    bool kept = false;
    store->write(
        [&](data::Transaction& transaction) {
          inbox::NewRow row;
          row.source = kBank;
          row.provider = provider;
          row.key = "e";
          kept = inbox::keep(transaction, row, kNow);
        },
        soon());
    return kept;
  };
  store->write(
      [](data::Transaction& transaction) {
        transaction.send(
            "CREATE UNIQUE INDEX IF NOT EXISTS bulkhead_inbox_key ON bulkhead_inbox (source, key)",
            nullptr, 0);
      },
      soon());
  EXPECT_TRUE(keepOf("one"));
  EXPECT_FALSE(keepOf("two")) << "the control";
  migrateMessages(*store, "between", soon());
  EXPECT_TRUE(keepOf("two"));
}

}  // namespace
}  // namespace bulkhead::host
