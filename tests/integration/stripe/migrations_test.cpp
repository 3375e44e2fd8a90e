#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <sqlite3.h>
#include <string>

namespace stripe {
namespace {

std::string migration(const std::string& name) {
  std::ifstream file{std::string{STRIPE_MIGRATIONS} + "/" + name + ".sql"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

class MigrationsOfStripe : public testing::Test {
 protected:
  MigrationsOfStripe() { sqlite3_open(":memory:", &store_); }
  ~MigrationsOfStripe() override { sqlite3_close(store_); }
  MigrationsOfStripe(const MigrationsOfStripe&) = delete;
  MigrationsOfStripe& operator=(const MigrationsOfStripe&) = delete;

  void run(const std::string& sql) {
    ASSERT_EQ(sqlite3_exec(store_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(store_) << "\n"
        << sql;
  }
  /// As the version before seals keeps a payment.
  void keepAsBefore(const std::string& id) {
    run("INSERT INTO payment (id, tenant, reference, fingerprint, session, status, amount, "
        "currency, created_s) VALUES ('" +
        id + "', 't1', 'INV-42', 'f', 'cs_" + id + "', 'pending', 4900, 'EUR', 1)");
  }
  int unsealed() {
    int count = 0;
    sqlite3_exec(
        store_, "SELECT count(*) FROM payment WHERE unsealed = 1",
        [](void* into, int, char** values, char**) {
          *static_cast<int*>(into) = std::stoi(values[0]);
          return 0;
        },
        &count, nullptr);
    return count;
  }

  sqlite3* store_ = nullptr;
};

// Goal: payments that are open at the upgrade are known as such, and those that the version before
// keeps while it is being replaced.
TEST_F(MigrationsOfStripe, WhatWasMadeWithoutSealsIsMarked) {
  run(migration("0001_events"));
  run(migration("0002_payments"));
  keepAsBefore("one");
  run(migration("0003_seals"));
  EXPECT_EQ(unsealed(), 1);
  keepAsBefore("two");
  EXPECT_EQ(unsealed(), 2);
}

}  // namespace
}  // namespace stripe
