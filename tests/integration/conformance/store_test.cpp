// The plugin's store: transactions, refusals, replays and recovery points.
#include <fmt/format.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include <bulkhead/abi.h>

#include "both_lives.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Store : public BothLives {};

std::string endOf(const json& step) {
  return fmt::format("{} {}", step.value("status", -1), step.value("code", ""));
}

TEST_F(Store, WhatAClosureRefusesIsRolledBackAndComesOutAsItWasSaid) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "db_write");
    EXPECT_EQ(endOf(told["written"]), "0 ") << told;
    EXPECT_EQ(endOf(told["refused"]), "10 NOT_TODAY");
    EXPECT_EQ(told["refused"].value("message", ""), "It is not done today.");
    EXPECT_EQ(told["refused"].value("details", ""), R"({"why":["a",1]})");
    EXPECT_EQ(told["refused"].value("retry_after_s", 0), 17);
    EXPECT_EQ(told["refused"].value("size", 0U), sizeof(bulkhead_error));
    EXPECT_EQ(told["after_refused"], told["after_written"]);
    EXPECT_EQ(endOf(told["refused_without_report"]), "1 UNREPORTED_ERROR");
    EXPECT_EQ(endOf(told["refused_with_no_kind"]), "1 STRANGE");
    EXPECT_EQ(endOf(told["reported_and_ok"]), "0 ");
    EXPECT_EQ(told["after_all"], told["after_written"]);
    for (const char* step : {"write_in_write", "read_in_write"})
      EXPECT_EQ(endOf(told[step]), "1 CALL_IN_TRANSACTION") << step;
    EXPECT_EQ(endOf(told["without_context"]), "0 ");
    EXPECT_NE(told.value("without_sink", 0), 0);
  });
}

TEST_F(Store, EventsAndMessagesAreThereOncePerKeyAndAsTheContractSays) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "publish_event");
    for (const char* step : {"published", "keyed", "keyed_again", "kept", "kept_again"})
      EXPECT_EQ(endOf(told[step]), "0 ") << step << told;
    EXPECT_EQ(told.value("new_published", -1), 1);
    for (const char* step : {"new_keyed_again", "new_kept_again"})
      EXPECT_EQ(told.value(step, -1), 0) << step;
    for (const char* step : {"unknown_event", "against_contract", "of_others"})
      EXPECT_EQ(endOf(told[step]), "1 EVENT_REFUSED") << step;
    for (const char* step : {"without_key", "unknown_inbox"})
      EXPECT_EQ(endOf(told[step]), "1 MESSAGE_REFUSED") << step;
    for (const char* step : {"short_event", "short_message"})
      EXPECT_EQ(endOf(told[step]), "11 ABI_MISMATCH") << step;
    for (const char* step : {"published_in_read", "without_transaction"})
      EXPECT_EQ(endOf(told[step]), "1 NO_TRANSACTION") << step;
  });
}

TEST_F(Store, JobsAreThereOncePerKeyAndAreDone) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "enqueue_job");
    for (const char* step : {"enqueued", "keyed", "keyed_again", "later"})
      EXPECT_EQ(endOf(told[step]), "0 ") << step << told;
    EXPECT_EQ(told.value("new_enqueued", -1), 1);
    EXPECT_EQ(told.value("new_keyed_again", -1), 0);
    EXPECT_TRUE(told.value("same_id", false)) << "of the one that has the key";
    for (const char* step : {"unknown_queue", "priority_too_high"})
      EXPECT_EQ(endOf(told[step]), "1 JOB_REFUSED") << step;
    EXPECT_EQ(endOf(told["short_job"]), "11 ABI_MISMATCH");
    for (const char* step : {"enqueued_in_read", "without_transaction"})
      EXPECT_EQ(endOf(told[step]), "1 NO_TRANSACTION") << step;
    EXPECT_EQ(endOf(told["progress_outside"]), "1 NO_JOB");
    life.host().awaitLogLine([](const json& line) {
      return line.value("message", "") == "chit: chits JOB 1 of t1: {}";
    });
  });
}

TEST_F(Store, AReadOnlyReads) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "db_read");
    EXPECT_EQ(endOf(told["read"]), "0 ");
    EXPECT_EQ(told["rows"][0][0].value("integer", 0), 3);
    for (const char* step : {"sent_in_read", "changed_by_read"})
      EXPECT_NE(told[step].value("status", 0), 0) << step;
    EXPECT_EQ(endOf(told["refused"]), "5 NO_THING");
    EXPECT_EQ(endOf(told["read_in_read"]), "1 CALL_IN_TRANSACTION");
  });
}

TEST_F(Store, ValuesComeBackAsTheyWent) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "tx_read");
    const json row = told["values_rows"][0];
    const int types[] = {1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 0};
    for (std::size_t i = 0; i < std::size(types); ++i)
      EXPECT_EQ(row[i].value("type", -1), types[i]) << i;
    EXPECT_EQ(row[1].value("integer", std::int64_t{0}), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(row[3].value("real", 0.0), 0.1);
    EXPECT_EQ(row[7].value("size", 0), 3) << "a NUL is a character";
    EXPECT_EQ(row[8].value("size", 0), 3);
    EXPECT_EQ(told.value("stopped_after", 0), 3);
    for (const char* step : {"too_few", "too_many", "no_statement", "no_sql", "two_statements",
                             "no_table", "control", "attach"})
      EXPECT_NE(told[step].value("status", 0), 0) << step;
    EXPECT_EQ(endOf(told["none"]), "0 ");
  });
}

TEST_F(Store, AStatementChangesAsManyRowsAsItWasExpectedTo) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "tx_send");
    EXPECT_EQ(endOf(told["one_row"]), "0 ");
    EXPECT_EQ(endOf(told["other_number"]), "6 TAKEN");
    EXPECT_EQ(told["other_number"].value("details", ""), R"({"by":"you"})");
    EXPECT_EQ(told["other_number"].value("retry_after_s", 0), 3);
    EXPECT_EQ(endOf(told["other_number_unsaid"]), "1 UNEXPECTED_ROW_COUNT");
    EXPECT_EQ(endOf(told["refusal_is_ignored"]), "6 TAKEN") << "it stays a refusal";
    for (const char* step : {"twice", "below_zero", "no_sql", "commit"})
      EXPECT_NE(told[step].value("status", 0), 0) << step;
    EXPECT_EQ(told["at_the_end"][0][1].value("integer", 0), 1);
  });
}

TEST_F(Store, ARouteThatReadsIsOneSnapshot) {
  inBothLives([](Life& life) {
    life.probe("host", "tx_send");
    const HttpAnswer answer = life.getPublic("/things");
    EXPECT_TRUE(answer.json().value("transaction", false)) << answer.body;
    EXPECT_NE(answer.json()["write"].value("status", 0), 0);
  });
}

TEST_F(Store, AKeyedWriteIsDoneOnceAndReplayed) {
  inBothLives([](Life& life) {
    const Fields key{{"Idempotency-Key", "the-first"}};
    const HttpAnswer first = life.post("/things", R"({"name":"x"})", key);
    EXPECT_EQ(first.status, 201) << first.body;
    EXPECT_FALSE(first.has("idempotent-replayed"));
    const HttpAnswer again = life.post("/things", R"({"name":"x"})", key);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.header("idempotent-replayed"), "true");
    EXPECT_EQ(again.header("x-written"), first.header("x-written"));
    EXPECT_EQ(life.post("/things", R"({"name":"y"})", key).errorCode(), "IDEMPOTENCY_KEY_REUSED");

    const Fields refused{{"Idempotency-Key", "the-refused"}};
    for (const char* replayed : {"", "true"}) {
      const HttpAnswer answer = life.post("/things", R"({"how":"refuse"})", refused);
      EXPECT_EQ(answer.errorCode(), "NOT_TODAY");
      EXPECT_EQ(answer.header("idempotent-replayed"), replayed);
    }
    const Fields failed{{"Idempotency-Key", "the-failed"}};
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(life.post("/things", R"({"how":"fail"})", failed).errorCode(), "VENDOR_AWAY");
      const HttpAnswer own = life.post("/things", R"({"how":"fail","name":"answer-503"})");
      EXPECT_EQ(own.status, 502) << own.body;
    }
    const HttpAnswer own = life.post("/things", R"({"how":"answer-503"})");
    EXPECT_EQ(own.status, 503) << own.body;
    EXPECT_EQ(life.post("/things", R"({"how":"again"})").status, 201);
    EXPECT_EQ(life.post("/things", R"({"how":"again"})").errorCode(), "NAME_TAKEN");
    life.getPublic("/things");
  });
}

TEST_F(Store, RecoveryPointsOutliveAFailedAttempt) {
  inBothLives([](Life& life) {
    EXPECT_EQ(life.post("/recoveries", "{}").status, 400) << "it needs a key";
    const Fields key{{"Idempotency-Key", "the-recovered"}};
    const char* body = R"({"how":"fail-once"})";
    EXPECT_EQ(life.post("/recoveries", body, key).errorCode(), "VENDOR_AWAY");
    const json told = life.post("/recoveries", body, key).json();
    EXPECT_EQ(told.value("first_before", ""), std::string("a\0b", 3)) << told;
    EXPECT_EQ(told.value("second_before", ""), "nothing");
    EXPECT_EQ(told.value("second_after", ""), "2");
    EXPECT_TRUE(told.value("token_again", false) && told.value("other_token", false));
    EXPECT_EQ(life.post("/recoveries", body, key).header("idempotent-replayed"), "true");

    const json mistakes =
        life.post("/recoveries", R"({"how":"mistakes"})", {{"Idempotency-Key", "the-mistaken"}})
            .json();
    EXPECT_EQ(endOf(mistakes["undeclared"]), "1 UNDECLARED_RECOVERY_POINT") << mistakes;
    EXPECT_EQ(endOf(mistakes["too_large"]), "1 RECOVERY_RESULT_TOO_LARGE");
    const json none = life.probe("host", "recovery_read");
    for (const char* step : {"recovery_read", "recovery_keep", "recovery_token", "without_context"})
      EXPECT_EQ(endOf(none[step]), "1 NO_RECOVERY_POINTS") << step;
  });
}

/// Requests that come while another one writes, and so share a commit.
struct Group {
  HttpAnswer before, overrun, after;
};

Group writeTogether(Life& life, int round) {
  const auto write = [&](std::string_view name, std::string_view how) {
    return std::async(std::launch::async, [&life, round, name, how] {
      const std::string id = fmt::format("rerun-{}-{}", round, name);
      return life.host().keyed("salon").post("/api/conformance/v1/things",
                                             fmt::format(R"({{"how":"{}"}})", how),
                                             {{"X-Request-Id", id}, {"Idempotency-Key", id}});
    });
  };
  auto leader = write("leader", "slow");
  auto before = write("before", "count");
  auto overrun = write("overrun", "overrun");
  auto after = write("after", "count");
  leader.get();
  return {before.get(), overrun.get(), after.get()};
}

// Goal: a closure whose neighbour in the group overran runs again, and has its effect once, in both
// lives. Method: groups with one that overruns, until one that ran before it has run twice.
TEST(Closure, RunsAgainWhenItsGroupWasRolledBackAndHasOneEffect) {
  for (const char* isolation : {"inprocess", "worker"}) {
    Life life{isolation, "conformance"};
    ASSERT_TRUE(life.isReady()) << life.host().logText();
    bool ran_again = false;
    int rounds = 0;
    for (; rounds < 40 && !ran_again; ++rounds) {
      const Group group = writeTogether(life, rounds);
      for (const HttpAnswer* answer : {&group.before, &group.after}) {
        EXPECT_EQ(answer->status, 201) << isolation << answer->body;
        ran_again = ran_again || answer->header("x-runs") == "2";
      }
      EXPECT_GE(group.overrun.status, 500) << isolation << group.overrun.body;
    }
    EXPECT_TRUE(ran_again) << isolation;
    const std::string things = life.host().client().get("/api/conformance/v1/things").body;
    for (int round = 0; round < rounds; ++round) {
      for (const char* name : {"before", "after"}) {
        const std::string row = fmt::format("thing rerun-{}-{}\"", round, name);
        EXPECT_EQ(things.find(row), things.rfind(row)) << row;
        EXPECT_NE(things.find(row), std::string::npos) << row;
      }
      EXPECT_EQ(things.find(fmt::format("thing rerun-{}-overrun", round)), std::string::npos);
    }
    EXPECT_EQ(life.host().stop(), 0) << life.host().logText();
  }
}

}  // namespace
}  // namespace bulkhead::integration
