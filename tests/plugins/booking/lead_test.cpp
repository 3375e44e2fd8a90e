#include "lead.hpp"

#include <string>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

TEST(Lead, PhonesAreE164) {
  EXPECT_EQ(normalisedPhone("+1 (202) 555-0123"), "+12025550123");
  for (const char* text : {"", "+", "2025550123", "+0125550123", "+1202", "+1202555012345678",
                           "+1202555012a", "tel:+12025550123"}) {
    EXPECT_THROW(normalisedPhone(text), bulkhead::Error) << text;
  }
}

TEST(Lead, EmailsAreTrimmedAndInLowerCase) {
  EXPECT_EQ(normalisedEmail(" Ann@Example.COM "), "ann@example.com");
  for (const char* text : {"", "ann", "@example.com", "ann@", "a@b@c", "a n@b.c"}) {
    EXPECT_THROW(normalisedEmail(text), bulkhead::Error) << text;
  }
}

using LeadTest = BookingTest;

TEST_F(LeadTest, TheSamePhoneOrEmailIsTheSameLead) {
  const auto made = post("/leads", R"({"name":"Ann","phone":"+1 202 555 0123"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const json ann = json::parse(made.body);
  const auto again = post("/leads", R"({"phone":"+12025550123","email":"Ann@Example.com"})");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(json::parse(again.body).at("id"), ann.at("id"));
  EXPECT_EQ(json::parse(again.body).at("name"), "Ann") << "what is not sent stays";
  const auto by_email = post("/leads", R"({"email":"ann@example.com"})");
  EXPECT_EQ(json::parse(by_email.body).at("id"), ann.at("id"));
  EXPECT_EQ(json::parse(by_email.body).at("version"), 2) << "nothing changed";
  EXPECT_EQ(get("/leads").at("items").size(), 1U);
  EXPECT_EQ(get("/leads?phone=%2B12025550123").at("items").size(), 1U);
  EXPECT_TRUE(get("/leads?status=lost").at("items").empty());
}

TEST_F(LeadTest, TwoLeadsAreNotMadeOne) {
  post("/leads", R"({"phone":"+12025550123"})");
  const json bob = json::parse(post("/leads", R"({"email":"bob@example.com"})").body);
  const auto both = post("/leads", R"({"phone":"+12025550123","email":"bob@example.com"})");
  EXPECT_EQ(both.status, 409);
  EXPECT_EQ(both.error().code, "DUPLICATE");
  EXPECT_EQ(json::parse(both.error().details).at("leads").size(), 2U);
  const auto patched = host_.patch(path("/leads/" + bob.at("id").get<std::string>()),
                                   R"({"phone":"+12025550123"})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(patched.error().code, "DUPLICATE");
}

TEST_F(LeadTest, NeedsAWayToBeReached) {
  EXPECT_EQ(post("/leads", R"({"name":"Ann"})").status, 400);
  EXPECT_EQ(post("/leads", R"({"phone":"12"})").error().code, "VALIDATION_ERROR");
  EXPECT_EQ(post("/leads", R"({"phone":"+12025550123","time_zone":"X/Y"})").error().code,
            "INVALID_TIME_ZONE");
}

TEST_F(LeadTest, AnotherTenantMayHaveTheSamePhone) {
  post("/leads", R"({"phone":"+12025550123"})");
  host_.actAs("t2");
  EXPECT_EQ(post("/leads", R"({"phone":"+12025550123"})").status, 201);
}

TEST_F(LeadTest, AClientMayMakeTheIdAndRepeatThePut) {
  const std::string_view ann = R"({"name":"Ann","phone":"+1 202 555 0123"})";
  EXPECT_EQ(host_.put(path("/leads/ann"), ann).status, 201);
  EXPECT_EQ(host_.put(path("/leads/ann"), ann).status, 200) << "the same again";
  const auto without = host_.put(path("/leads/ann"), R"({"phone":"+12025550124"})");
  EXPECT_EQ(without.status, 428);
  const auto replaced =
      host_.put(path("/leads/ann"), R"({"phone":"+12025550124"})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(replaced.status, 200) << replaced.body;
  EXPECT_EQ(json::parse(replaced.body).at("name"), nullptr) << "PUT replaces";
  EXPECT_EQ(json::parse(replaced.body).at("version"), 2);
  EXPECT_EQ(host_.put(path("/leads/bob"), R"({"phone":"+12025550124"})").error().code, "DUPLICATE");
  EXPECT_EQ(host_.put(path("/leads/bob"), R"({"name":"Bob"})").status, 400);
}

TEST_F(LeadTest, OnlyALeadWithoutVisitsIsDeleted) {
  put("/leads/ann", R"({"phone":"+12025550123"})");
  put("/leads/bob", R"({"phone":"+12025550199"})");
  booked("2026-01-06T14:00:00Z");
  EXPECT_EQ(host_.del(path("/leads/bob")).status, 428);
  EXPECT_EQ(host_.del(path("/leads/bob"), {{"If-Match", "\"v9\""}}).status, 412);
  EXPECT_EQ(host_.del(path("/leads/bob"), {{"If-Match", "\"v1\""}}).status, 204);
  EXPECT_EQ(host_.get(path("/leads/bob")).status, 404);
  const auto kept = host_.del(path("/leads/ann"), {{"If-Match", "\"v1\""}});
  EXPECT_EQ(kept.status, 409);
  EXPECT_EQ(kept.error().code, "LEAD_IN_USE");
}

}  // namespace
}  // namespace booking
