// A payment's way through three processes: a vendor's signed webhook, the event of `payments/1`,
// and the entry in the tenant's books.
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>

#include <bulkhead/signing.hpp>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;

constexpr std::string_view kSecret = "whsec_0123456789abcdef";
constexpr std::string_view kSealKey = "seal-key-of-the-tests-0123456789";

class PaidBooks : public testing::Test {
 protected:
  void SetUp() override {
    folder_.install("accounting");
    folder_.install("stripe", fmt::format("enabled = true\nsecret_key = sk_test_0123456789\n"
                                          "webhook_secret = {}\nseal_key = {}\n",
                                          kSecret, kSealKey));
    start();
    const HttpAnswer tenant = host_->keyed().post("/api/admin/tenants", R"({"slug":"salon"})");
    ASSERT_EQ(tenant.status, 201) << tenant.body;
    tenant_ = tenant.json().at("id");
  }

  void start() {
    host_ = std::make_unique<HostProcess>(folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
  }
  void keepBooks() const {
    const HttpAnswer made = host_->keyed("salon").post("/api/accounting/v1/company/setup",
                                                       R"({"country":"DE","template":"services"})",
                                                       {{"Idempotency-Key", "setup"}});
    ASSERT_EQ(made.status, 201) << made.body;
  }
  /// What stripe seals the metadata of a payment with, written down once more.
  std::string sealOf(const std::string& payment) const {
    std::string text{"stripe.metadata.1"};
    for (const std::string& part :
         {payment, tenant_, std::string{"INV-1"}, std::string{"4900"}, std::string{"EUR"}})
      text += fmt::format("\n{}:{}", part.size(), part);
    return bulkhead::toHex(bulkhead::hmacSha256(kSealKey, text));
  }
  /// As Stripe says it.
  HttpAnswer tell(std::string_view event, std::string_view payment, bool is_sealed = true,
                  std::int64_t amount = 4900) const {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    const json intent{{"id", fmt::format("pi_{}", payment)},
                      {"object", "payment_intent"},
                      {"status", "succeeded"},
                      {"amount", amount},
                      {"amount_received", amount},
                      {"currency", "eur"},
                      {"created", now},
                      {"metadata",
                       {{"tenant", tenant_},
                        {"payment", fmt::format("pay_{}", payment)},
                        {"reference", "INV-1"},
                        {"seal", is_sealed ? sealOf(fmt::format("pay_{}", payment)) : ""}}}};
    const std::string body = json{
        {"id", event},
        {"object", "event"},
        {"type", "payment_intent.succeeded"},
        {"created", now},
        {"api_version", "2026-10-28.endive"},
        {"livemode", false},
        {"data",
         {{"object", intent}}}}.dump();
    const std::string mac =
        bulkhead::toHex(bulkhead::hmacSha256(kSecret, fmt::format("{}.{}", now, body)));
    return host_->client().post("/api/stripe/v1/webhooks", body,
                                {{"Stripe-Signature", fmt::format("t={},v1={}", now, mac)},
                                 {"Content-Type", "application/json"}});
  }
  json entries() const {
    return host_->keyed("salon").get("/api/accounting/v1/journal-entries").json().at("items");
  }

  const HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
  std::string tenant_;
};

TEST_F(PaidBooks, A6_APaymentThatIsReportedIsOneEntry) {
  keepBooks();
  for (const bool again : {false, true}) {
    const HttpAnswer taken = tell("evt_1", "one");
    ASSERT_EQ(taken.status, 200) << taken.body;
    EXPECT_EQ(taken.json().value("duplicate", !again), again);
  }
  ASSERT_TRUE(await([&] { return !entries().empty(); }));
  EXPECT_EQ(tell("evt_2", "one").status, 200) << "another event that says the same";
  EXPECT_EQ(tell("evt_0", "forged", false, 1234).status, 200) << "somebody else's metadata";
  EXPECT_EQ(tell("evt_3", "two").status, 200);
  ASSERT_TRUE(await([&] { return entries().size() == 2; }));
  EXPECT_EQ(entries()[0]["state"], "posted");
  const json balance = host_->keyed("salon").get("/api/accounting/v1/reports/trial-balance").json();
  EXPECT_EQ(balance.value("debit", 0), 9800) << balance;
  EXPECT_EQ(balance.value("credit", 0), 9800);
}

TEST_F(PaidBooks, A6_WhatIsToldBeforeThereAreBooksIsPostedAfterAKill) {
  ASSERT_EQ(tell("evt_1", "one").status, 200);
  host_->killHard();
  start();
  keepBooks();
  ASSERT_TRUE(await([&] { return entries().size() == 1; }, std::chrono::seconds{30}));
}

}  // namespace
}  // namespace bulkhead::integration
