#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.hpp"

namespace bulkhead::tidy {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Findings check(const std::string& path, const std::string& text) {
  return checkSql(tree({{path, text}}));
}

TEST(SqlRules, StatementsStandInStores) {
  for (const char* statement :
       {"read.first(\"select 1\", none, map);", "\"select count(*) from entry\"",
        "\"select max(number)\" + where",
        "\"select coalesce(sum(e.amount), 0) as total from entry e\"",
        "\"select e.id || '.' || e.day as place from entry e where e.id <> $1\"",
        "R\"(\n  select id,\n    day\n  from entry)\"", "\"update t \"\n    \"set a = 1\"",
        "\"select a, b \"  // two\n    \"from t\"", "\"insert or replace into t values (1)\"",
        "\"insert into \"\n\"t values (1)\"", "on(\" do update set last = 1\")",
        "write.send(\"INSERT INTO payment (id) VALUES ($1)\", row);",
        "write.send(\"update payment set state = $2 where id = $1\", row);",
        "\"delete from payment where id = $1\"",
        "\"id in (select resource from resource_service where tenant = $1)\""}) {
    EXPECT_THAT(check("plugins/stripe/payments.cpp", statement), SizeIs(1)) << statement;
    EXPECT_THAT(check("plugins/stripe/payment_store.cpp", statement), IsEmpty()) << statement;
    EXPECT_THAT(check("plugins/stripe/payment_store.hpp", statement), IsEmpty()) << statement;
    EXPECT_THAT(check("host/runtime/outbox.cpp", statement), IsEmpty()) << statement;
    EXPECT_THAT(check("plugins/stripe/payments.cpp",
                      "// allowed: it is no statement\n" + std::string{statement}),
                IsEmpty());
  }
}

TEST(SqlRules, WordsAreNoStatements) {
  EXPECT_THAT(check("plugins/stripe/payments.cpp",
                    "// \"delete from x\" is what the store does\n"
                    "throw conflict(\"Select another time from the list.\");\n"
                    "{.summary = \"Deletes a draft\"};\nauto select = from;\n"),
              IsEmpty());
}

}  // namespace
}  // namespace bulkhead::tidy
