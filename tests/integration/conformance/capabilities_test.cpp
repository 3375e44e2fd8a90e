#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>

#include "both_lives.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;

/// "6 UNWILLING": a status and the code that was reported.
std::string endOf(const json& step) {
  return fmt::format("{} {}", step.value("status", -1), step.value("code", ""));
}

/// Of a call that nobody could answer: why, and whether it may have been begun.
std::string unavailability(const json& step) {
  const json details = json::parse(step.value("details", ""), nullptr, false);
  if (endOf(step) != "1 CAPABILITY_UNAVAILABLE" || !details.is_object()) return step.dump();
  return fmt::format("{}{}", details.value("reason", ""),
                     details.value("begun", false) ? ", begun" : "");
}

class Capabilities : public BothLives {
 protected:
  static json probe(Life& life) { return life.probe("host", "call_capability"); }
};

TEST_F(Capabilities, ACallIsAnsweredOrRefused) {
  inBothLives([](Life& life) {
    const json told = probe(life);
    ASSERT_EQ(endOf(told["show"]), "0 ");
    EXPECT_EQ(endOf(told["refuse"]), "6 UNWILLING");
    EXPECT_EQ(told["refuse"].value("details", ""), R"({"why":1})");
    EXPECT_EQ(told["refuse"].value("retry_after_s", 0), 7);
    EXPECT_TRUE(told.value("long", false)) << "a megabyte crosses";
  });
}

TEST_F(Capabilities, TheProviderSeesForWhomItIsCalled) {
  inBothLives([](Life& life) {
    const json told = probe(life);
    for (const char* step : {"show_answer", "show_without_context_answer"}) {
      const json seen = told[step]["seen"];
      EXPECT_EQ(seen.value("method", ""), "CALL");
      EXPECT_EQ(seen.value("path", ""), "mirror/1/reflect");
      EXPECT_EQ(seen.value("body", ""), R"({"how":"show"})");
      EXPECT_EQ(seen.value("request_id", ""), life.lastId());
      EXPECT_EQ(seen.value("trace_id", "").size(), 32U);
      EXPECT_EQ(seen.value("scopes", "none"), "") << "the caller's scopes are not its own";
      EXPECT_EQ(seen.value("tenant", ""), "the caller's");
      EXPECT_TRUE(seen.value("in_time", false));
    }
  });
}

TEST_F(Capabilities, NobodyCanAnswerIsSaidWithItsReason) {
  inBothLives([](Life& life) {
    const json told = probe(life);
    EXPECT_EQ(unavailability(told["absent"]), "missing");
    EXPECT_EQ(unavailability(told["other_major"]), "other_major");
    EXPECT_EQ(unavailability(told["unanswered"]), "not_answered");
    EXPECT_EQ(unavailability(told["fail"]), "failed, begun");
    EXPECT_EQ(unavailability(told["short_of_time"]), "deadline, begun");
  });
}

TEST_F(Capabilities, BothSidesAreHeldToTheContract) {
  inBothLives([](Life& life) {
    const json told = probe(life);
    EXPECT_EQ(endOf(told["wrong_request"]), "1 CAPABILITY_REQUEST_REFUSED");
    EXPECT_EQ(endOf(told["no_json"]), "1 CAPABILITY_REQUEST_REFUSED");
    EXPECT_EQ(endOf(told["no_such_call"]), "1 NO_SUCH_CALL");
    EXPECT_EQ(endOf(told["not_wanted"]), "1 CAPABILITY_NOT_WANTED");
    EXPECT_EQ(unavailability(told["nonsense"]), "mistaken_answer, begun");
    EXPECT_EQ(unavailability(told["undeclared"]), "mistaken_answer, begun");
  });
}

// Control: the same calls outside a transaction, and not so deep, are answered.
TEST_F(Capabilities, NoneWithinATransactionAndNoneTooDeep) {
  inBothLives([](Life& life) {
    const json told = probe(life);
    EXPECT_EQ(endOf(told["in_read"]), "1 CALL_IN_TRANSACTION");
    EXPECT_EQ(endOf(told["in_write"]), "1 CALL_IN_TRANSACTION");
    EXPECT_EQ(endOf(told["deeper"]), "0 ");
    EXPECT_EQ(told["deeper_answer"].value("deepest", 0), 4);
    EXPECT_EQ(endOf(told["show"]), "0 ");
  });
}

TEST_F(Capabilities, AnAskIsAnsweredRefusedOrHasItsFallBack) {
  inBothLives([](Life& life) {
    const json told = life.probe("host", "ask_capability");
    for (const char* step : {"show", "show_without_context"}) {
      EXPECT_EQ(endOf(told[step]), "0 ") << step;
      EXPECT_FALSE(told.value(std::string{step} + "_fallback", true)) << step;
      const json seen = told[std::string{step} + "_answer"]["seen"];
      EXPECT_EQ(seen.value("method", ""), "ASK");
      EXPECT_EQ(seen.value("path", ""), "mirror/1/asks/glance");
      EXPECT_EQ(seen.value("tenant", ""), "the caller's");
    }
    EXPECT_EQ(endOf(told["refuse"]), "6 UNWILLING");
    EXPECT_EQ(endOf(told["wrong_request"]), "1 CAPABILITY_REQUEST_REFUSED");
    EXPECT_EQ(endOf(told["no_such_ask"]), "1 NO_SUCH_ASK");
    EXPECT_EQ(endOf(told["not_provided"]), "1 CAPABILITY_NOT_PROVIDED");
    EXPECT_EQ(endOf(told["in_write"]), "1 CALL_IN_TRANSACTION");
    const std::pair<const char*, const char*> unanswered[] = {{"undeclared", "mistaken_answer"},
                                                              {"fail", "failed"},
                                                              {"nonsense", "mistaken_answer"},
                                                              {"short_of_time", "deadline"},
                                                              {"unheard", "missing"}};
    for (const auto& [step, reason] : unanswered) {
      EXPECT_EQ(endOf(told[step]), "0 ") << step;
      EXPECT_TRUE(told.value(std::string{step} + "_fallback", false)) << step;
      EXPECT_EQ(told.value(std::string{step} + "_reason", ""), reason) << step;
      EXPECT_TRUE(told.value(std::string{step} + "_whole", false)) << step;
    }
    EXPECT_EQ(told["fail_answer"].value("fallen", ""), "back");
  });
}

}  // namespace
}  // namespace bulkhead::integration
