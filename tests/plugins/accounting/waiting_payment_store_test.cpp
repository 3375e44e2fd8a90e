#include "waiting_payment_store.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "integration/accounting/statements.hpp"
#include "plugins/accounting/books_transaction.hpp"

namespace accounting {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

/// Three wait for one reason and one for another.
class WaitingPayments : public testing::Test {
 protected:
  WaitingPayments() {
    for (int i = 0; i < 4; ++i) {
      WaitingPaymentStore::insert(write_, "t",
                                  {fmt::format("w{}", i),
                                   {fmt::format("pi_{}", i), "charge", "{}"},
                                   i < 3 ? "B" : "A",
                                   ""});
    }
  }
  /// What SQLite does for what was asked for, a line for each part.
  std::vector<std::string> plans() {
    std::vector<std::string> parts;
    const auto take = [](void* out, int, char** columns, char**) {
      static_cast<std::vector<std::string>*>(out)->emplace_back(columns[3]);
      return 0;
    };
    for (const std::string& sql : transaction_.statements()) {
      const std::string explain = "explain query plan " + sql;
      sqlite3_exec(books_.handle(), explain.c_str(), take, &parts, nullptr);
    }
    return parts;
  }

  SqliteBooks books_{schemaOf(Engine::Sqlite)};
  BooksTransaction transaction_{books_};
  bulkhead::Transaction& write_ = transaction_.write();
};

// Goal: a health check, a payment and a change cost the same however many wait. Method: the plans
// of their statements.
TEST_F(WaitingPayments, NothingReadsAllThatWait) {
  const auto counts = WaitingPaymentStore::counts(write_);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].code, "B");
  EXPECT_EQ(counts[0].payments, 3);
  EXPECT_EQ(counts[1].code, "A");
  WaitingPaymentStore::Filter filter;
  filter.code = "B";
  EXPECT_EQ(WaitingPaymentStore::list(write_, "t", filter).size(), 3U);
  EXPECT_EQ(transaction_.statements().size(), 4U + 5U + 1U);
  EXPECT_TRUE(WaitingPaymentStore::beginPass(write_, "t", "B"));
  filter = {};
  filter.payment = "pi_1";
  EXPECT_EQ(WaitingPaymentStore::list(write_, "t", filter).size(), 1U);
  EXPECT_THAT(plans(), Each(Not(HasSubstr("SCAN waiting_payment"))));
  EXPECT_THAT(plans(), Contains(HasSubstr("waiting_payment_by_code (code=? AND tenant=?")));
  EXPECT_THAT(plans(), Contains(HasSubstr("waiting_payment_by_payment (tenant=? AND payment=?")));
}

// Goal: one pass at a time and reason, and another one behind it when it was asked for meanwhile.
TEST_F(WaitingPayments, APassIsFollowedByOne) {
  EXPECT_FALSE(WaitingPaymentStore::beginPass(write_, "t", "C")) << "nothing waits for it";
  EXPECT_FALSE(WaitingPaymentStore::beginPass(write_, "t2", "B")) << "nor for this tenant";
  EXPECT_TRUE(WaitingPaymentStore::beginPass(write_, "t", "B"));
  EXPECT_TRUE(WaitingPaymentStore::beginPass(write_, "t", "A"));
  EXPECT_FALSE(WaitingPaymentStore::beginPass(write_, "t", "B"));
  EXPECT_FALSE(WaitingPaymentStore::beginPass(write_, "t", "B"));
  EXPECT_FALSE(WaitingPaymentStore::endPass(write_, "t", "B"));
  EXPECT_TRUE(WaitingPaymentStore::endPass(write_, "t", "B"));
  EXPECT_TRUE(WaitingPaymentStore::beginPass(write_, "t", "B"));
}

}  // namespace
}  // namespace accounting
