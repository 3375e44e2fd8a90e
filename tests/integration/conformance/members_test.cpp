#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <bulkhead/abi.h>

#include "both_lives.hpp"
#include "waist_members.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;

/// How a call of the waist ended: its status, and the code that was reported.
std::string endOf(const json& step) {
  return fmt::format("{} {}", step.value("status", -1), step.value("code", ""));
}

class Waist : public BothLives {};

// Goal: the suite is whole, and stays so. Method: each member of each struct of abi.h is asked for,
// as the header has them; a member that nothing tries is answered 404.
TEST_F(Waist, EachMemberOfAbiHasAProbe) {
  const auto members = waistMembers(readText(BULKHEAD_WAIST));
  const auto has = [&](std::string_view of, std::string_view name) {
    return std::any_of(members.begin(), members.end(), [&](const WaistMember& member) {
      return member.of == of && member.name == name;
    });
  };
  ASSERT_TRUE(has("host", "register_route") && has("host", "body_read"));
  ASSERT_TRUE(has("plugin", "check_health") && has("request", "scopes"));
  ASSERT_TRUE(has("response", "pause") && has("bytes", "data") && has("error", "retry_after_s"));
  inBothLives([&](Life& life) {
    for (const WaistMember& member : members) life.probe(member.of, member.name);
  });
  EXPECT_EQ(worker().get("/probes/host/not_there").status, 404) << "and says so";
}

// The control of the whole suite: the two hosts do run the plugin in different processes, and what
// differs is seen to differ.
TEST_F(Waist, OnlyAWorkerHasAProcessOfItsOwn) {
  EXPECT_EQ(inProcess().workerId(), 0);
  EXPECT_NE(worker().workerId(), 0);
  EXPECT_NONFATAL_FAILURE(inBothLives([](Life& life) { life.tell("process", life.isWorker()); }),
                          "it can be told in which life it was");
}

TEST_F(Waist, TheTableIsOfThisVersion) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "size");
    EXPECT_EQ(told.value("size", 0U), sizeof(bulkhead_host));
    EXPECT_EQ(told.value("abi_major", 0), BULKHEAD_ABI_MAJOR);
    EXPECT_EQ(told.value("abi_minor", -1), BULKHEAD_ABI_MINOR);
  });
}

TEST_F(Waist, NothingIsRegisteredOnceCreateHasReturned) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "register_route");
    for (const char* step :
         {"register_route", "register_health", "register_metric", "register_call",
          "register_events", "register_listener", "register_inbox", "register_answer",
          "register_queue", "register_schedule"})
      EXPECT_EQ(endOf(told[step]), "11 REGISTRATION_CLOSED") << step;
    EXPECT_EQ(told.value("without_sink", 0), BULKHEAD_CONFIGURATION_ERROR);
    EXPECT_EQ(endOf(told["created"]["db_write"]), "11 NO_STORE");
    EXPECT_EQ(endOf(life.probe("plugin", "start")["started"]["db_write"]), "0 ");
  });
}

TEST_F(Waist, WhatGoesOutIsToldTheSame) {
  inBothLives([](Life& life) {
    const HttpAnswer answer =
        life.get("/probes/host/http_send", {{"X-Host-Port", std::to_string(life.host().port())}});
    const json told = answer.json();
    for (const char* step : {"answered", "answered_without_context"}) {
      EXPECT_EQ(told[step].value("outcome", -1), BULKHEAD_HTTP_OK) << told[step];
      EXPECT_EQ(told[step].value("status", 0), 200) << step;
      EXPECT_TRUE(told[step].value("has_body", false)) << step;
    }
    for (const char* step : {"answered_404", "answered_post"}) {
      EXPECT_EQ(told[step].value("outcome", -1), BULKHEAD_HTTP_ERROR) << told[step];
      EXPECT_EQ(told[step].value("status", 0), 404) << step;
    }
    const std::pair<const char*, const char*> rejected[] = {{"no_url", "OUTBOUND_URL"},
                                                            {"of_the_inside", "ADDRESS_REFUSED"},
                                                            {"forged", "OUTBOUND_REQUEST"}};
    for (const auto& [step, code] : rejected) {
      EXPECT_EQ(told[step].value("outcome", -1), BULKHEAD_HTTP_REJECTED) << told[step];
      EXPECT_EQ(told[step].value("code", ""), code);
    }
    EXPECT_EQ(endOf(told["short_request"]), "11 ABI_MISMATCH");
    EXPECT_EQ(endOf(told["in_a_transaction"]), "1 CALL_IN_TRANSACTION");
    life.tell("egress", life.host().keyed().get("/metrics").body.find("egress_requests_total{") !=
                            std::string::npos);
  });
}

TEST_F(Waist, EachTypeOfSettingHasItsValue) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "read_setting");
    const auto text = [&](const char* name) { return told[name][0].value("bytes", ""); };
    EXPECT_EQ(text("text"), "as declared");
    EXPECT_EQ(text("given_text"), "what was given \xe2\x82\xac");
    EXPECT_EQ(text("secret"), "the-operators-own-secret");
    EXPECT_EQ(text("address"), "https://example.org/a?b=c");
    EXPECT_EQ(text("choice"), "two");
    EXPECT_EQ(told["integer"][0].value("integer", 0), -42);
    EXPECT_EQ(told["given_integer"][0].value("integer", std::int64_t{0}), 9'000'000'000);
    EXPECT_EQ(told["number"][0].value("real", 0.0), 0.125);
    EXPECT_EQ(told["given_number"][0].value("real", 0.0), -2.5e-3);
    EXPECT_EQ(told["boolean"][0].value("integer", -1), 1);
    EXPECT_EQ(told["given_boolean"][0].value("integer", -1), 0);
    EXPECT_EQ(told["duration"][0].value("integer", 0), 1500);
    for (const char* name : {"unset_text", "unset_integer", "unset_secret"})
      EXPECT_EQ(told[name][0].value("type", -1), BULKHEAD_NULL) << name << told[name];
    for (const char* name : {"undeclared", "", "enabled", "isolation"})
      EXPECT_EQ(endOf(told[name]), "11 UNDECLARED_SETTING") << name;
  });
}

TEST_F(Waist, TimeGoesOnAndRandomnessIsRandom) {
  inBothLives([](Life& life) {
    const json time = life.probe("host", "now_us");
    EXPECT_EQ(time.value("without_context", -1), 0);
    for (const char* step : {"now_is_the_machines", "monotonic_goes_on", "deadline_comes_nearer",
                             "deadline_is_the_routes"})
      EXPECT_TRUE(time.value(step, false)) << step;
    const json random = life.probe("host", "random_bytes");
    for (const char* step : {"untouched", "differs", "looks_random"})
      EXPECT_TRUE(random.value(step, false)) << step;
    for (const char* step : {"nothing", "much", "much_again"})
      EXPECT_EQ(endOf(random[step]), "0 ") << step;
  });
}

}  // namespace
}  // namespace bulkhead::integration
