#include <future>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "data/postgresql_store.hpp"
#include "host/data/postgresql_fixture.hpp"
#include "host/data/store_fixture.hpp"
#include "runtime/message_schema.hpp"
#include "runtime/outbox.hpp"

namespace bulkhead::host {
namespace {

using data::within;

class OutboxOnPostgresql : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresqlServer::isInstalled()) GTEST_SKIP() << "PostgreSQL is not installed";
    ASSERT_EQ(PostgresqlServer::shared().trouble(), "");
    store = data::openPostgresqlStore(data::postgresqlOptions());
    migrateMessages(*store, "test", within());
  }

  static void publish(data::Transaction& transaction, const std::string& id) {
    outbox::NewEvent event{"payments/1", "paid", "{}", "salon", "", "", ""};
    EXPECT_TRUE(outbox::publish(transaction, event, id, 1));
  }

  std::vector<std::string> published() {
    std::vector<std::string> ids;
    store->read(
        [&](data::Transaction& transaction) {
          ids.clear();
          for (const auto& event : outbox::next(transaction, "payments/1", "books", 0).events)
            ids.push_back(event.id);
        },
        within());
    return ids;
  }

  std::unique_ptr<data::Store> store;
};

// Goal: who has read on in the log has passed nothing that is not committed yet. Method: while one
// has published and not committed, another one publishes; it has to come after the first.
TEST_F(OutboxOnPostgresql, NumbersAreCommittedInTheirOrder) {
  std::promise<void> first_has_published;
  std::promise<void> second_is_done;
  auto done = second_is_done.get_future();
  auto second = std::async(std::launch::async, [&] {
    first_has_published.get_future().wait();
    store->write([](data::Transaction& transaction) { publish(transaction, "second"); }, within());
    second_is_done.set_value();
  });
  store->write(
      [&](data::Transaction& transaction) {
        publish(transaction, "first");
        first_has_published.set_value();
        EXPECT_EQ(done.wait_for(std::chrono::milliseconds{500}), std::future_status::timeout);
      },
      within());
  second.get();
  EXPECT_EQ(published(), (std::vector<std::string>{"first", "second"}));
}

}  // namespace
}  // namespace bulkhead::host
