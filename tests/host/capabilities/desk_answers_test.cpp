#include "capabilities/desk_answers.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

Json event(const Json& changes = Json::object()) {
  Json one{{"seq", 1},      {"id", "deposited:k"}, {"event", "deposited"}, {"tenant", "t"},
           {"subject", ""}, {"payload", "{}"},     {"trace", "a b c"},     {"created_us", 5}};
  one.update(changes);
  return one;
}

Json pageOf(const Json& events) {
  return {{"events", events}, {"more", false}};
}

bool isRefused(const std::function<void()>& reading) {
  try {
    reading();
  } catch (const DeskAnswerError&) {
    return true;
  }
  return false;
}

bool pageIsRefused(const std::vector<Json>& events) {
  return isRefused([&] { desk_answers::page(pageOf(events)); });
}

TEST(DeskAnswers, AnAnswerHasItsSizeAndIsAnObject) {
  const std::string head = R"({"a":")";
  const std::string longest =
      head + std::string(desk_answers::kBytesMax - head.size() - 2, 'x') + "\"}";
  EXPECT_FALSE(isRefused([&] { desk_answers::read(longest); }));
  EXPECT_TRUE(isRefused([&] { desk_answers::read(longest + " "); }));
  for (const char* text : {"", "[]", "7", "{", "null", "\xff{}"})
    EXPECT_TRUE(isRefused([&] { desk_answers::read(text); })) << text;
  const std::string deep(100'000, '[');
  EXPECT_TRUE(isRefused([&] { desk_answers::read(deep); }));
}

TEST(DeskAnswers, APageIsMadeOfItsKnownMembers) {
  const auto page =
      desk_answers::page(pageOf(Json::array({event({{"source", "other/1"}, {"aside", true}})})));
  ASSERT_EQ(page.events.size(), 1U);
  EXPECT_EQ(page.events[0].id, "deposited:k");
  EXPECT_EQ(page.events[0].trace, "a b c");
  EXPECT_EQ(page.events[0].created_us, 5);
  EXPECT_FALSE(page.more);
}

TEST(DeskAnswers, WhatIsNoPageIsRefused) {
  for (const char* name :
       {"seq", "id", "event", "tenant", "subject", "payload", "trace", "created_us"}) {
    EXPECT_TRUE(pageIsRefused({event({{name, nullptr}})})) << name;
    EXPECT_TRUE(pageIsRefused({event({{name, Json::array()}})})) << name;
    Json without = event();
    without.erase(name);
    EXPECT_TRUE(pageIsRefused({without})) << name;
  }
  EXPECT_TRUE(pageIsRefused({event({{"seq", 0}})}));
  EXPECT_TRUE(pageIsRefused({event({{"seq", 1.5}})}));
  EXPECT_TRUE(pageIsRefused({event({{"seq", 18'000'000'000'000'000'000U}})}));
  EXPECT_TRUE(pageIsRefused({event(), event()})) << "the same number twice";
  EXPECT_FALSE(pageIsRefused({event(), event({{"seq", 2}})}));
  std::vector<Json> many;
  for (std::size_t i = 0; i <= outbox::kPageRows; ++i) many.push_back(event({{"seq", i + 1}}));
  EXPECT_TRUE(pageIsRefused(many));
  EXPECT_TRUE(isRefused([] { desk_answers::page(Json::object()); }));
}

TEST(DeskAnswers, ATraceThatIsNoneIsLeftOut) {
  const auto trace = [](const std::string& text) {
    return desk_answers::page(pageOf(Json::array({event({{"trace", text}})}))).events.at(0).trace;
  };
  EXPECT_EQ(trace("a\nb"), "");
  EXPECT_EQ(trace(std::string(257, 'a')), "");
  EXPECT_EQ(trace(std::string(256, 'a')), std::string(256, 'a'));
}

TEST(DeskAnswers, OutcomesAreThoseThatThereAre) {
  for (const char* word : {"done", "retry", "dead", "gone", "busy"})
    EXPECT_EQ(desk_answers::outcome({{"outcome", word}}), word);
  for (const Json& other : {Json{"poison"}, Json{"ignored"}, Json{""}, Json{7}, Json{"DONE"}})
    EXPECT_TRUE(isRefused([&] { desk_answers::outcome({{"outcome", other}}); })) << other;
}

TEST(DeskAnswers, ThePauseUntilTheNextLookIsBounded) {
  const auto next = [](std::int64_t in_us) {
    return desk_answers::agenda({{"due", Json::array()}, {"next_in_us", in_us}}).next_in;
  };
  EXPECT_EQ(next(-1), std::nullopt);
  EXPECT_EQ(next(0), milliseconds{100});
  EXPECT_EQ(next(2'000'001), milliseconds{2001});
  EXPECT_EQ(next(std::numeric_limits<std::int64_t>::max()), std::chrono::hours{1});
  EXPECT_TRUE(isRefused([&] { next(-2); }));
}

TEST(DeskAnswers, AnAgendaHasItsSize) {
  const Json due{{"seq", 1}, {"source", "s"}, {"type", "t"}, {"tenant", ""}, {"trace", ""}};
  const auto agenda = [&](std::size_t count) {
    const Json list(count, due);
    return desk_answers::agenda({{"due", list}, {"next_in_us", -1}}).due.size();
  };
  EXPECT_EQ(agenda(512), 512U);
  EXPECT_TRUE(isRefused([&] { agenda(513); }));
}

TEST(DeskAnswers, NoMoreIsSetAsideThanWasSent) {
  EXPECT_EQ(desk_answers::aside({{"aside", 2}}, 3), 2U);
  EXPECT_EQ(desk_answers::aside({{"aside", 4'000'000'000}}, 3), 3U);
  EXPECT_TRUE(isRefused([] { desk_answers::aside({{"aside", -1}}, 3); }));
}

TEST(DeskAnswers, FiguresAreFewAndNoneIsNegative) {
  const Json one{{"source", "bank/1"}, {"pending", 2}, {"dead", 1}, {"oldest_us", 3'000'000}};
  const auto figures = [](const std::vector<Json>& list) {
    return desk_answers::figures({{"outbox", list}, {"inbox", Json::array()}}).outbox;
  };
  ASSERT_EQ(figures({one}).size(), 1U);
  EXPECT_EQ(figures({one})[0].oldest.count(), 3);
  EXPECT_TRUE(isRefused([&] { figures(std::vector<Json>(101, one)); }));
  Json negative = one;
  negative["pending"] = -1;
  EXPECT_TRUE(isRefused([&] { figures({negative}); }));
  Json long_name = one;
  long_name["source"] = std::string(257, 'x');
  EXPECT_TRUE(isRefused([&] { figures({long_name}); }));
}

TEST(DeskAnswers, AListIsMadeOfItsKnownMembers) {
  Json row{{"seq", 1},         {"source", "s"},     {"provider", "p"}, {"id", "i"},
           {"type", "t"},      {"subject", ""},     {"tenant", ""},    {"state", "dead"},
           {"error", "E"},     {"received_us", 1},  {"next_at_us", 0}, {"attempts", 3},
           {"body_bytes", 10}, {"body", "a secret"}};
  const auto listed = [&] { return desk_answers::listed({{"messages", {row}}}); };
  ASSERT_EQ(listed().size(), 1U);
  EXPECT_EQ(listed()[0].provider, "p");
  row["received_us"] = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(listed()[0].received_us, 7'258'118'400'000'000) << "which is the year 2200";
  row["state"] = "gone";
  EXPECT_TRUE(isRefused([&] { listed(); }));
}

}  // namespace
}  // namespace bulkhead::host
