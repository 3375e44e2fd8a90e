#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <thread>

#include "booking_business.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;

class BookingService : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<HostFolder>();
    folder_->install("booking");
    host_ = std::make_unique<HostProcess>(*folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    salon_ = std::make_unique<BookingBusiness>(*host_, "salon");
    spa_ = std::make_unique<BookingBusiness>(*host_, "spa");
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(host_->stop(), 0) << host_->logText();
    spa_.reset();
    salon_.reset();
    host_.reset();
    folder_.reset();
  }

  static std::string etagOf(const json& appointment) {
    return fmt::format("\"v{}\"", appointment.at("version").get<int>());
  }
  static std::string pathOf(const json& appointment) {
    return "/appointments/" + appointment.at("id").get<std::string>();
  }
  static json booked(std::string_view start, std::string_view key) {
    const HttpAnswer answer = salon_->book(start, key);
    EXPECT_EQ(answer.status, 201) << answer.body << answer.fault;
    return answer.json();
  }
  /// A key with these scopes for the tenant; its text.
  static std::string makeKey(std::string_view scope, std::string_view tenant) {
    const HttpAnswer made = host_->keyed().post(
        "/api/admin/keys",
        fmt::format(R"({{"name":"test","scopes":["{}"],"tenants":["{}"]}})", scope, tenant));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.json().value("key", "");
  }

  inline static std::unique_ptr<HostFolder> folder_;
  inline static std::unique_ptr<HostProcess> host_;
  inline static std::unique_ptr<BookingBusiness> salon_;
  inline static std::unique_ptr<BookingBusiness> spa_;
};

TEST_F(BookingService, ShowsItsCatalogueAndWhatWasBookedFromIt) {
  EXPECT_EQ(salon_->get("/services/cut").json().at("name"), "Haircut");
  const auto start = salon_->starts(1).front();
  const json one = booked(start, "show-1");
  EXPECT_EQ(one.at("start"), start);
  EXPECT_EQ(one.at("status"), "confirmed");
  const HttpAnswer seen = salon_->get(pathOf(one));
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.header("etag"), etagOf(one));
  EXPECT_EQ(seen.json().at("id"), one.at("id"));
  EXPECT_NE(salon_->starts(1).front(), start) << "a booked time is offered again";
}

TEST_F(BookingService, RepeatsTheFirstAnswerForTheSameKey) {
  const auto starts = salon_->starts(2);
  const HttpAnswer first = salon_->book(starts[0], "repeat-1");
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_FALSE(first.has("idempotent-replayed"));
  const HttpAnswer again = salon_->book(starts[0], "repeat-1");
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("etag"), first.header("etag"));
  const HttpAnswer other = salon_->book(starts[1], "repeat-1");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.errorCode(), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(salon_->book(starts[0], "repeat-2").errorCode(), "SLOT_TAKEN")
      << "another key is another request";
}

TEST_F(BookingService, AsksForAnIdempotencyKey) {
  const auto start = salon_->starts(1).front();
  const HttpAnswer refused = salon_->book(start, "");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.errorCode(), "IDEMPOTENCY_KEY_REQUIRED");
  EXPECT_EQ(salon_->starts(1).front(), start) << "nothing was booked";
}

TEST_F(BookingService, CancelsOnlyTheVersionThatWasSeen) {
  const json one = booked(salon_->starts(200).back(), "cancel-1");
  const std::string path = pathOf(one) + "/cancel";
  EXPECT_EQ(salon_->post(path, "{}", "cancel-2").status, 428);
  EXPECT_EQ(salon_->post(path, "{}", "cancel-3", {{"If-Match", "\"v99\""}}).status, 412);
  const HttpAnswer cancelled =
      salon_->post(path, R"({"reason":"ill"})", "cancel-4", {{"If-Match", etagOf(one)}});
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(cancelled.json().at("status"), "cancelled");
  EXPECT_NE(cancelled.header("etag"), etagOf(one));
}

TEST_F(BookingService, S43_AnotherTenantsAppointmentIsNotFound) {
  const json one = booked(salon_->starts(1).front(), "tenant-1");
  EXPECT_EQ(spa_->get(pathOf(one)).status, 404);
  EXPECT_EQ(
      spa_->post(pathOf(one) + "/cancel", "{}", "tenant-2", {{"If-Match", etagOf(one)}}).status,
      404);
  EXPECT_EQ(spa_->get("/appointments").body.find(one.at("id").get<std::string>()),
            std::string::npos);
  EXPECT_EQ(salon_->get(pathOf(one)).json().at("status"), "confirmed");
  const HttpClient spa_key{host_->port(), {{"X-API-Key", makeKey("booking:*", "spa")}}};
  EXPECT_EQ(spa_key.get(fmt::format("{}{}", BookingBusiness::kPath, pathOf(one))).status, 404);
  EXPECT_EQ(spa_key.get("/api/booking/v1/services/cut", {{"X-Tenant-Id", "salon"}}).status, 404);
  EXPECT_EQ(spa_key.get("/api/booking/v1/services/cut").status, 200);
}

TEST_F(BookingService, S42_S44_S128_WantsAKeyInEitherHeaderAndLogsAWrongOne) {
  const auto get = [&](const Fields& headers) {
    return host_->client().get("/api/booking/v1/services", headers);
  };
  EXPECT_EQ(get({}).status, 401);
  EXPECT_EQ(get({}).header("www-authenticate"), "Bearer realm=\"bulkhead\"");
  const std::string key = makeKey("booking:read", "salon");
  EXPECT_EQ(get({{"X-API-Key", key}}).status, 200);
  EXPECT_EQ(get({{"Authorization", "Bearer " + key}}).status, 200);
  EXPECT_EQ(get({{"X-API-Key", key}, {"Authorization", "Bearer other"}}).status, 400);
  std::string wrong = key;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  EXPECT_EQ(get({{"X-API-Key", wrong}}).status, 401);
  const json event = host_->awaitLogLine([](const json& line) {
    return line.value("logger", "") == "security" && line.value("level", "") == "WARN";
  });
  EXPECT_EQ(event.value("ip", ""), "127.0.0.1") << event;
  EXPECT_NE(event.value("reason", ""), "") << event;
  EXPECT_EQ(host_->logText().find(key), std::string::npos);
  EXPECT_EQ(host_->logText().find(wrong), std::string::npos);
}

TEST_F(BookingService, AScopeThatIsMissingIs403) {
  const HttpClient reader{host_->port(), {{"X-API-Key", makeKey("booking:read", "salon")}}};
  const HttpAnswer refused =
      reader.post("/api/booking/v1/appointments", BookingBusiness::body(salon_->starts(1).front()),
                  {{"Idempotency-Key", "scope-1"}});
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.errorCode(), "AUTHORIZATION_ERROR");
}

TEST_F(BookingService, OfManyForOneTimeExactlyOneGetsIt) {
  constexpr std::size_t kClients = 100;
  const auto start = salon_->starts(1).front();
  std::vector<HttpAnswer> answers(kClients);
  std::vector<std::thread> clients;
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kClients; ++i)
    clients.emplace_back([&, i] { answers[i] = salon_->book(start, fmt::format("race-{}", i)); });
  for (auto& client : clients) client.join();
  fmt::print("{} clients for one time: {} ms\n", kClients,
             std::chrono::duration_cast<std::chrono::milliseconds>(
                 std::chrono::steady_clock::now() - begin)
                 .count());
  const auto count = [&](const auto& fits) {
    return std::count_if(answers.begin(), answers.end(), fits);
  };
  EXPECT_EQ(count([](const HttpAnswer& answer) { return answer.status == 201; }), 1);
  EXPECT_EQ(count([](const HttpAnswer& answer) {
              if (answer.status != 409 || answer.errorCode() != "SLOT_TAKEN") return false;
              return !answer.json().at("error").at("details").at("alternatives").empty();
            }),
            99);
  for (const auto& answer : answers) EXPECT_EQ(answer.fault, "");
}

// Within the budget of a transaction, on a real disk: a few items share one.
TEST_F(BookingService, BooksFiveHundredVisitsInOneRequest) {
  std::string items;
  for (const auto& start : spa_->starts(500)) {
    items += (items.empty() ? "" : ",") + BookingBusiness::body(start);
  }
  const std::string body = "{\"items\":[" + items + "]}";
  const auto begin = std::chrono::steady_clock::now();
  const HttpAnswer answer = spa_->post("/appointments/bulk", body, "bulk-1");
  fmt::print("500 visits in one request: {} ms\n",
             std::chrono::duration_cast<std::chrono::milliseconds>(
                 std::chrono::steady_clock::now() - begin)
                 .count());
  ASSERT_EQ(answer.status, 200) << answer.body << answer.fault;
  EXPECT_EQ(answer.json().at("created"), 500) << answer.body;
  EXPECT_EQ(spa_->post("/appointments/bulk", body, "bulk-1").body, answer.body);
}

TEST_F(BookingService, ImportsATableOfLeads) {
  std::string table = "Name,Phone\r\n";
  for (int i = 0; i < 2000; ++i) table += fmt::format("\"Lead, {0}\",+1202{0:07}\r\n", i);
  const auto import = [&](std::string_view query) {
    return spa_->client().post(fmt::format("{}/leads/import{}", BookingBusiness::kPath, query),
                               table,
                               {{"Idempotency-Key", "import-1"}, {"Content-Type", "text/csv"}});
  };
  EXPECT_EQ(import("?dry_run=true").json().at("created"), 2000);
  const HttpAnswer answer = import("");
  ASSERT_EQ(answer.status, 200) << answer.body << answer.fault;
  EXPECT_EQ(answer.json().at("created"), 2000);
  EXPECT_EQ(import("?dry_run=true").json().at("unchanged"), 2000);
}

TEST_F(BookingService, S26_CountsWhatIsThere) {
  const auto appointments = [&] {
    const HttpAnswer answer = host_->client().get("/api/monitoring/database-stats");
    EXPECT_EQ(answer.status, 200);
    const json document = answer.json();
    const json& counts = document.contains("counts") ? document["counts"] : document;
    EXPECT_EQ(counts.value("tenants", -1), 2) << answer.body;
    return counts.value("appointments", -1);
  };
  const int before = appointments();
  booked(salon_->starts(1).front(), "count-1");
  EXPECT_EQ(appointments(), before + 1);
}

}  // namespace
}  // namespace bulkhead::integration
