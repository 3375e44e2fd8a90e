#include "runtime/idempotency.hpp"

#include <gtest/gtest.h>
#include <string>

#include "data/sqlite_store.hpp"
#include "host/data/store_fixture.hpp"

namespace bulkhead::host {
namespace {

using data::within;

constexpr std::int64_t kStartUs = 1'800'000'000'000'000;
constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr int kMany = 400;

IdempotencyClaim claimOf(const std::string& key) {
  static const RouteContract contract{
      "POST", "/payments",
      R"({"summary":"Pays.","scope":"shop:pay","transaction":"write","idempotency":"required",)"
      R"("request":{"type":"object"},"response":{"type":"object"}})"};
  HttpRequest request;
  request.method = "POST";
  request.headers.emplace_back("idempotency-key", key);
  return *readIdempotencyClaim(contract, request);
}

class Answers : public ::testing::Test {
 protected:
  Answers() {
    store->write([](data::Transaction& tx) { idempotency::prepare(tx); }, within());
  }

  void save(const std::string& key, std::int64_t now_us) {
    store->write(
        [&](data::Transaction& tx) {
          idempotency::save(tx, claimOf(key), HttpResponse::json(200, "{}"), now_us);
        },
        within());
  }
  void saveMany(const std::string& prefix, std::int64_t now_us) {
    for (int i = 0; i < kMany; ++i) save(prefix + std::to_string(i), now_us);
  }
  std::int64_t count(std::int64_t expired_at_us) {
    return data::number(*store, "SELECT count(*) FROM bulkhead_answer WHERE expires_us <= $1",
                        {data::value(expired_at_us)});
  }

  const TemporaryFolder folder;
  std::unique_ptr<data::SqliteStore> store = data::openSqliteStore({.path = {}});
};

TEST_F(Answers, B3_AreKeptFor72Hours) {
  save("one", kStartUs);
  const auto found = [&](std::int64_t at_us) {
    bool there = false;
    store->read(
        [&](data::Transaction& tx) { there = !!idempotency::find(tx, claimOf("one"), at_us); },
        within());
    return there;
  };
  EXPECT_TRUE(found(kStartUs + 72 * kHourUs - 1));
  EXPECT_FALSE(found(kStartUs + 72 * kHourUs));
}

TEST_F(Answers, ThatHaveExpiredGoAsOthersCome) {
  saveMany("old-", kStartUs);
  const std::int64_t later = kStartUs + 73 * kHourUs;
  ASSERT_EQ(count(later), kMany);
  saveMany("new-", later);
  EXPECT_EQ(count(later), 0);
  EXPECT_EQ(count(INT64_MAX), kMany);
}

TEST_F(Answers, ThatHaveNotExpiredStay) {
  saveMany("old-", kStartUs);
  saveMany("new-", kStartUs + 71 * kHourUs);
  EXPECT_EQ(count(INT64_MAX), 2 * kMany);
}

}  // namespace
}  // namespace bulkhead::host
