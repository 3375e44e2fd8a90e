// The whole of it on PostgreSQL: what clients see is what they see on SQLite, and more than one
// host works on the same data.
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "booking_business.hpp"
#include "host_process.hpp"
#include "postgresql_server.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class OnPostgresql : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresqlServer::isInstalled()) GTEST_SKIP() << "PostgreSQL is not installed";
    ASSERT_EQ(server_.trouble(), "");
    host_ = start(folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
  }

  std::unique_ptr<HostProcess> start(const HostFolder& folder) const {
    folder.install("accounting");
    folder.install("booking");
    return std::make_unique<HostProcess>(folder,
                                         Environment{{"DATABASE_URL", server_.tcpUrl("postgres")}});
  }

  PostgresqlServer server_{{.tcp = true}};
  const HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
};

TEST_F(OnPostgresql, S65_BooksAndBookingsAreKeptThere) {
  const BookingBusiness business{*host_};
  const auto starts = business.starts(1);
  ASSERT_EQ(starts.size(), 1U);
  const HttpAnswer booked = business.book(starts[0], "first");
  ASSERT_EQ(booked.status, 201) << booked.body;
  EXPECT_EQ(business.book(starts[0], "first").body, booked.body) << "a repeat is the same answer";
  EXPECT_EQ(business.book(starts[0], "second").status, 409);
  const Fields key{{"Idempotency-Key", "setup"}};
  const std::string_view company = R"({"country":"DE","template":"services"})";
  EXPECT_EQ(host_->keyed("salon").post("/api/accounting/v1/company/setup", company, key).status,
            201);
  EXPECT_GT(host_->keyed("salon").get("/api/accounting/v1/accounts").json().at("items").size(), 9U);
  EXPECT_EQ(server_.run("select count(*) from booking.appointment;"), "1\n");
  EXPECT_EQ(host_->stop(), 0);
  host_ = start(folder_);
  ASSERT_TRUE(host_->awaitReady()) << host_->logText();
  EXPECT_EQ(host_->keyed("salon").get("/api/booking/v1/appointments").json().at("items").size(),
            1U);
}

// Goal: a server that goes costs the requests that need it, and nothing else; when it is back, so
// is everything, without a restart.
TEST_F(OnPostgresql, S81_S94_S102_S105_ItMayGoAndComeBack) {
  const BookingBusiness business{*host_};
  const auto starts = business.starts(2);
  ASSERT_EQ(business.book(starts[0], "before").status, 201);
  server_.stop("immediate");
  const HttpAnswer away = business.book(starts[1], "while-away");
  EXPECT_EQ(away.status, 503);
  EXPECT_THAT(away.body, HasSubstr("Database unavailable. Server running in degraded mode."));
  EXPECT_EQ(host_->client().get("/healthz").status, 200);
  EXPECT_TRUE(host_->isRunning());
  server_.start();
  EXPECT_TRUE(await([&] { return business.book(starts[1], "while-away").status == 201; },
                    std::chrono::seconds{15}));
}

// B1: one time is booked once, by whichever of two hosts, whatever the interleaving.
TEST_F(OnPostgresql, B1_TwoHostsNeverBookOneTimeTwice) {
  const BookingBusiness business{*host_};
  const auto starts = business.starts(3);
  ASSERT_EQ(starts.size(), 3U);
  const HostFolder other_folder;
  const auto other = start(other_folder);
  ASSERT_TRUE(other->awaitReady()) << other->logText();
  for (std::size_t round = 0; round < starts.size(); ++round) {
    std::vector<int> statuses(8);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      threads.emplace_back([&, i] {
        const HttpClient client = (i % 2 == 0 ? *host_ : *other).keyed("salon");
        statuses[i] =
            client
                .post("/api/booking/v1/appointments", BookingBusiness::body(starts[round]),
                      {{"Idempotency-Key", fmt::format("{}-{}", round, i)}})
                .status;
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 201), 1);
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 409), 7);
  }
  EXPECT_EQ(server_.run("select count(*) from booking.appointment_resource where live = 1;"),
            "3\n");
}

}  // namespace
}  // namespace bulkhead::integration
