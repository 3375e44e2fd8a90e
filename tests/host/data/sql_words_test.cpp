#include "data/sql_words.hpp"

#include <gtest/gtest.h>

namespace bulkhead::host::data {
namespace {

TEST(SqlWords, WhatLeavesTheTransactionIsFoundBehindBlanksAndComments) {
  for (const char* sql : {"COMMIT", "  begin", ";rollback", "-- a\nSAVEPOINT x",
                          "/* a */ set x to 1", "Start transaction", "COPY t FROM STDIN", "end"})
    EXPECT_TRUE(controlsTransaction(sql)) << sql;
  for (const char* sql : {"", "SELECT 1", "settle", "INSERT INTO t VALUES ('COMMIT')", "-- commit",
                          "UPDATE t SET a = 1", "WITH a AS (SELECT 1) SELECT * FROM a"})
    EXPECT_FALSE(controlsTransaction(sql)) << sql;
}

TEST(SqlWords, AParameterThatIsFirstAskedForNull) {
  const char* const sql =
      "select $1 is  NULL, a = $2 or $2 is null, $3 is null or a = $3, $11 is null";
  EXPECT_TRUE(asksForNullFirst(sql, 1));
  EXPECT_FALSE(asksForNullFirst(sql, 2));
  EXPECT_TRUE(asksForNullFirst(sql, 3));
  EXPECT_TRUE(asksForNullFirst(sql, 11));
  EXPECT_FALSE(asksForNullFirst(sql, 4));
  EXPECT_FALSE(asksForNullFirst("$1 = 1 and $10 is null", 1));
}

}  // namespace
}  // namespace bulkhead::host::data
