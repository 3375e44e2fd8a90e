#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include "events_fixture.hpp"

namespace stripe {
namespace {

using json = nlohmann::json;

/// An open payment of an earlier version, as Stripe has it: no seal, and no intent that we know of.
class PaymentsOfAnEarlierVersion : public PaymentEvents {
 protected:
  PaymentsOfAnEarlierVersion() {
    host_.wire().answerNext(
        bulkhead::testing::httpAnswer(400, FakeStripe::refusal("idempotency_error", "")));
    made_ = json::parse(
        host_
            .call("payments/1", "create_payment",
                  R"({"amount":4900,"currency":"EUR","reference":"INV-42","idempotency_key":"k"})")
            .body);
  }
  json intent(const json& members = json::object()) const {
    json whole = object(members);
    whole["metadata"] = {{"payment", made_.at("id")}, {"tenant", "t1"}, {"reference", "INV-42"}};
    return whole;
  }
  std::string tenant() { return published().empty() ? "untold" : published().back().tenant; }

  FakeStripe stripe_{host_};
  json made_;
};

TEST_F(PaymentsOfAnEarlierVersion, AreLinkedByASessionThatIsNotPaidYet) {
  take({eventOf("evt_1", "checkout.session.completed",
                intent({{"id", "cs_1"},
                        {"payment_intent", "pi_1"},
                        {"payment_status", "unpaid"},
                        {"amount_total", 4900}}))});
  EXPECT_TRUE(published().empty());
  take({eventOf("evt_2", "payment_intent.succeeded", object({{"metadata", json::object()}}))});
  ASSERT_THAT(names(), testing::ElementsAre("payment_succeeded"));
  EXPECT_EQ(tenant(), "t1");
  EXPECT_EQ(published()[0].subject, made_.at("id"));
}

// Goal: what was open at the upgrade is not lost to its tenant. Method: the first that is heard of
// it, each of the kinds that there are, without session and seal.
TEST_F(PaymentsOfAnEarlierVersion, AreBelievedUntilTheirIntentIsKnown) {
  take({eventOf("evt_1", "payment_intent.payment_failed", intent())});
  EXPECT_EQ(tenant(), "t1");
  take({eventOf("evt_2", "payment_intent.succeeded", intent({{"id", "pi_2"}}))});
  EXPECT_EQ(tenant(), "") << "its intent is known by now, and another one";
  take({eventOf("evt_3", "payment_intent.succeeded", intent())});
  EXPECT_EQ(tenant(), "t1");
  EXPECT_EQ(published().back().subject, made_.at("id"));
}

TEST_F(PaymentsOfAnEarlierVersion, AreNotBelievedOfWhatIsNotTheirs) {
  int number = 0;
  for (const json& other :
       {json{{"amount", 4901}}, json{{"currency", "usd"}},
        json{
            {"metadata", {{"payment", made_.at("id")}, {"tenant", "t2"}, {"reference", "INV-42"}}}},
        json{{"metadata", {{"payment", made_.at("id")}, {"tenant", "t1"}, {"reference", "X"}}}}}) {
    json forged = intent();
    forged.update(other);
    forged["id"] = "pi_forged_" + std::to_string(++number);
    take({eventOf("evt_" + std::to_string(number), "payment_intent.succeeded", forged)});
    EXPECT_EQ(tenant(), "") << other;
  }
  EXPECT_EQ(published().size(), 4U);
}

}  // namespace
}  // namespace stripe
