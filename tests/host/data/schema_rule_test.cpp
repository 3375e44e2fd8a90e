#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "host/data/store_fixture.hpp"

namespace bulkhead::host::data {
namespace {

// Goal: a rule of the schema refuses with a kind and a code for the client, and with no word of the
// driver's. Method: each kind of rule; a table and columns with names that would be noticed.
TEST(SchemaRule, S58_ARuleOfTheSchemaIsARefusal) {
  const auto store = openSqliteStore({});
  run(*store, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
  run(*store,
      "CREATE TABLE secret (n INTEGER PRIMARY KEY, u TEXT UNIQUE, t INTEGER REFERENCES t (id), "
      "v INTEGER NOT NULL CHECK (v < 9))");
  run(*store, "INSERT INTO secret VALUES (1, 'a', NULL, 1)");
  const auto raising = [&](int n, std::string_view text) {
    run(*store,
        fmt::format("CREATE TRIGGER raise{0} BEFORE INSERT ON secret WHEN new.n = {0} BEGIN "
                    "SELECT raise(abort, '{1}'); END",
                    n, text));
  };
  raising(20, "NO_TWENTY");
  raising(21, "NO_MORE: That is enough.");
  raising(22, "conflict TAKEN");
  raising(23, "conflict TAKEN: It is taken.");
  raising(24, "secret is not for you");
  struct Case {
    std::string_view values;
    ErrorKind kind;
    std::string_view code;
    std::string_view message;
  };
  constexpr std::string_view kRule = "A rule of the store does not allow this.";
  constexpr std::string_view kEqual = "There is one already that this would be equal to.";
  for (const Case& one : {
           Case{"(1, 'b', NULL, 1)", ErrorKind::Conflict, "DUPLICATE", kEqual},
           Case{"(2, 'a', NULL, 1)", ErrorKind::Conflict, "DUPLICATE", kEqual},
           Case{"(2, 'b', 99, 1)", ErrorKind::Conflict, "REFERENCE_VIOLATION",
                "It names what is not there, or others still name it."},
           Case{"(2, 'b', NULL, 9)", ErrorKind::BusinessLogic, "CONSTRAINT_VIOLATION", kRule},
           Case{"(20, 'b', NULL, 1)", ErrorKind::BusinessLogic, "NO_TWENTY",
                "A rule of the store does not allow this: NO_TWENTY."},
           Case{"(21, 'b', NULL, 1)", ErrorKind::BusinessLogic, "NO_MORE", "That is enough."},
           Case{"(22, 'b', NULL, 1)", ErrorKind::Conflict, "TAKEN",
                "A rule of the store does not allow this: TAKEN."},
           Case{"(23, 'b', NULL, 1)", ErrorKind::Conflict, "TAKEN", "It is taken."},
           Case{"(24, 'b', NULL, 1)", ErrorKind::BusinessLogic, "CONSTRAINT_VIOLATION", kRule},
       }) {
    try {
      run(*store, fmt::format("INSERT INTO secret VALUES {}", one.values));
      FAIL() << one.values;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), one.kind) << one.values;
      EXPECT_EQ(error.code(), one.code) << one.values;
      EXPECT_EQ(error.message(), one.message) << one.values;
      EXPECT_EQ(error.details(), "") << one.values;
    }
  }
  EXPECT_EQ(number(*store, "SELECT count(*) FROM secret"), 1);
}

// Goal: what only the plugin's own code can have caused stays a failure of its.
TEST(SchemaRule, S58_AValueThatIsMissingOrOfAnotherTypeIsAFailure) {
  const auto store = openSqliteStore({});
  run(*store, "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER NOT NULL) STRICT");
  run(*store, "CREATE TABLE k (a TEXT PRIMARY KEY, b INTEGER) STRICT, WITHOUT ROWID");
  for (const char* values :
       {"t VALUES (1, NULL)", "t VALUES (1, 'one')", "t VALUES ('one', 1)", "k VALUES (NULL, 1)"}) {
    const std::string sql = fmt::format("INSERT INTO {}", values);
    try {
      run(*store, sql);
      FAIL() << sql;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Database) << sql;
      EXPECT_EQ(error.code(), "DATABASE_ERROR") << sql;
    }
  }
}

/// Keeps what is logged.
class Kept final : public Poco::Channel {
 public:
  explicit Kept(Poco::Logger& logger) : logger_{logger}, before_{logger.getChannel()} {
    logger_.setChannel(Poco::AutoPtr<Poco::Channel>{this, true});
  }
  void leave() { logger_.setChannel(before_); }
  void log(const Poco::Message& message) override { texts.push_back(message.getText()); }
  std::vector<std::string> texts;

 private:
  Poco::Logger& logger_;
  Poco::AutoPtr<Poco::Channel> before_;
};

// Goal: a trigger whose text begins with no code is found by who reads the log; a code is in the
// answer already.
TEST(SchemaRule, ATriggerThatSaysNoCodeIsInTheLog) {
  const auto store = openSqliteStore({});
  run(*store, "CREATE TABLE t (n INTEGER)");
  run(*store,
      "CREATE TRIGGER r BEFORE INSERT ON t BEGIN "
      "SELECT raise(abort, 'IN_WORDS') WHERE new.n = 1; "
      "SELECT raise(abort, 'conflict not in a code') WHERE new.n = 77; END");
  auto log = Poco::makeAuto<Kept>(Poco::Logger::get("data"));
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t VALUES ($1)", {value(1)}); }), "IN_WORDS");
  EXPECT_TRUE(log->texts.empty());
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t VALUES ($1)", {value(77)}); }),
            "CONSTRAINT_VIOLATION");
  log->leave();
  ASSERT_FALSE(log->texts.empty());
  EXPECT_NE(log->texts[0].find("not in a code"), std::string::npos) << log->texts[0];
  EXPECT_EQ(log->texts[0].find("77"), std::string::npos) << log->texts[0];
}

TEST(SchemaRule, S58_WhatIsStillNamedStaysHoweverTheKeySaysIt) {
  const auto store = openSqliteStore({});
  run(*store, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
  run(*store, "INSERT INTO t VALUES (1), (2), (3)");
  run(*store, "CREATE TABLE plain (t INTEGER REFERENCES t (id))");
  run(*store, "CREATE TABLE strict_one (t INTEGER REFERENCES t (id) ON DELETE RESTRICT)");
  run(*store, "CREATE TABLE late (t INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)");
  run(*store, "INSERT INTO plain VALUES (1)");
  run(*store, "INSERT INTO strict_one VALUES (2)");
  run(*store, "INSERT INTO late VALUES (3)");
  for (const int id : {1, 2, 3}) {
    EXPECT_EQ(
        codeOf([&] { run(*store, "DELETE FROM t WHERE id = $1", {value(std::int64_t{id})}); }),
        "REFERENCE_VIOLATION")
        << id;
  }
}

}  // namespace
}  // namespace bulkhead::host::data
