#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

using AppointmentsTest = BookingTest;
using namespace std::chrono_literals;

constexpr std::string_view kTuesday = "2026-01-06T14:00:00Z";

TEST_F(AppointmentsTest, BooksShowsAndRemembers) {
  const json one = booked(kTuesday);
  EXPECT_EQ(one.at("status"), "confirmed");
  EXPECT_EQ(one.at("resource"), "anna");
  EXPECT_EQ(one.at("end"), "2026-01-06T14:30:00Z");
  EXPECT_EQ(one.at("local_start"), "2026-01-06T09:00");
  const std::string target = "/appointments/" + one.at("id").get<std::string>();
  EXPECT_EQ(get(target), one);
  const json history = get(target + "/history").at("items");
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].at("action"), "book");
  EXPECT_EQ(history[0].at("actor"), "test-key");
  EXPECT_EQ(history[0].at("request_id"), "test-request");
}

TEST_F(AppointmentsTest, B1_ATakenTimeIsRefusedWithAlternatives) {
  booked("2026-01-06T14:15:00Z");
  const auto taken = book(kTuesday);
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.error().code, "SLOT_TAKEN");
  const json alternatives = json::parse(taken.error().details).at("alternatives");
  ASSERT_EQ(alternatives.size(), 3U);
  EXPECT_EQ(alternatives[0].at("start"), "2026-01-06T14:45:00Z");
  EXPECT_EQ(booked("2026-01-06T14:45:00Z").at("status"), "confirmed");
}

// Goal: one slot, many callers, one visit. Method: threads through the real runtime and store; the
// control below shows that this would not come out by luck.
TEST_F(AppointmentsTest, B1_ManyCallersOneSlotOneVisit) {
  constexpr int kThreads = 16;
  std::atomic<int> made{0};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const auto start = i % 2 == 0 ? "2026-01-06T14:00:00Z" : "2026-01-06T14:15:00Z";
      const auto response = host_.send(
          "POST", path("/appointments"),
          {{"Content-Type", "application/json"}, {"Idempotency-Key", fmt::format("race-{}", i)}},
          bookingBody(start));
      if (response.status == 201) ++made;
      if (response.error().code == "SLOT_TAKEN") ++taken;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(taken, kThreads - 1);
  EXPECT_EQ(get("/appointments").at("items").size(), 1U);
}

TEST_F(AppointmentsTest, B1_PendingBlocks) {
  host_.patch(path("/services/cut"), R"({"requires_confirmation":true})", {{"If-Match", "\"v1\""}});
  const json one = booked(kTuesday);
  EXPECT_EQ(one.at("status"), "pending");
  EXPECT_EQ(book(kTuesday).error().code, "SLOT_TAKEN");
  EXPECT_EQ(acted(one, "decline").at("status"), "declined");
  EXPECT_EQ(booked(kTuesday).at("status"), "pending");
}

TEST_F(AppointmentsTest, B3_ARepeatedKeyMakesNoSecondVisit) {
  const Headers key{{"Idempotency-Key", "once"}};
  const auto first = book(kTuesday, key);
  const auto again = book(kTuesday, key);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(get("/appointments").at("items").size(), 1U);
  EXPECT_EQ(book("2026-01-06T15:00:00Z", key).error().code, "IDEMPOTENCY_KEY_REUSED");
  const auto without = host_.send("POST", path("/appointments"),
                                  {{"Content-Type", "application/json"}}, bookingBody(kTuesday));
  EXPECT_EQ(without.error().code, "IDEMPOTENCY_KEY_REQUIRED");
}

TEST_F(AppointmentsTest, B4_OfTwoWritersWithOneVersionOneWins) {
  const json one = booked(kTuesday);
  std::atomic<int> won{0};
  std::atomic<int> stale{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&, i] {
      const auto response =
          host_.send("PATCH", path("/appointments/" + one.at("id").get<std::string>()),
                     {{"Content-Type", "application/json"}, {"If-Match", "\"v1\""}},
                     fmt::format(R"({{"notes":"writer {}"}})", i));
      if (response.status == 200) ++won;
      if (response.status == 412) ++stale;
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(stale, 7);
}

TEST_F(AppointmentsTest, B5_TheWholeWayAndNothingBesides) {
  host_.patch(path("/services/cut"), R"({"requires_confirmation":true})", {{"If-Match", "\"v1\""}});
  json one = booked(kTuesday);
  EXPECT_EQ(act(one, "check-in").error().code, "ILLEGAL_TRANSITION");
  one = acted(one, "confirm");
  one = acted(one, "check-in");
  one = acted(one, "complete");
  EXPECT_EQ(one.at("status"), "completed");
  const auto refused = act(one, "cancel");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(json::parse(refused.error().details),
            json::parse(R"({"from":"completed","to":"cancelled","action":"cancel","allowed":[]})"));
  const json history =
      get("/appointments/" + one.at("id").get<std::string>() + "/history").at("items");
  ASSERT_EQ(history.size(), 4U);
  EXPECT_EQ(history[3].at("from"), "checked_in");
  EXPECT_EQ(history[3].at("to"), "completed");
  EXPECT_EQ(history[3].at("version"), 4);
}

TEST_F(AppointmentsTest, B4_ActionsNeedTheCurrentVersion) {
  const json one = booked(kTuesday);
  const std::string cancel = "/appointments/" + one.at("id").get<std::string>() + "/cancel";
  EXPECT_EQ(post(cancel, "{}").status, 428);
  const auto stale = post(cancel, "{}", {{"If-Match", "\"v7\""}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(json::parse(stale.error().details).at("current"), one);
}

TEST_F(AppointmentsTest, ANoShowCanBeUndoneForADayUnlessTheTimeIsGone) {
  json one = booked(kTuesday);
  host_.setTime("2026-01-06T14:05:00Z");
  const auto early = act(one, "no-show");
  EXPECT_EQ(early.error().code, "ILLEGAL_TRANSITION");
  EXPECT_EQ(json::parse(early.error().details).at("not_before"), "2026-01-06T14:10:00Z");
  host_.setTime("2026-01-06T14:10:00Z");
  one = acted(one, "no-show");
  one = acted(one, "undo-no-show");
  EXPECT_EQ(one.at("status"), "confirmed");
  one = acted(one, "no-show");
  host_.advance(24h + 1s);
  const auto late = act(one, "undo-no-show");
  EXPECT_EQ(late.error().code, "ILLEGAL_TRANSITION");
  EXPECT_TRUE(json::parse(late.error().details).contains("not_after"));
}

TEST_F(AppointmentsTest, B1_UndoingANoShowDoesNotTakeAnothersTime) {
  host_.patch(path("/services/cut"), R"({"min_notice_min":0,"slot_step_min":1,"duration_min":60})",
              {{"If-Match", "\"v1\""}});
  json one = booked(kTuesday);
  host_.setTime("2026-01-06T14:10:00Z");
  one = acted(one, "no-show");
  booked("2026-01-06T14:30:00Z");
  const auto refused = act(one, "undo-no-show");
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(refused.error().code, "SLOT_TAKEN");
}

TEST_F(AppointmentsTest, ReschedulingMovesTheSameAppointment) {
  const json one = booked(kTuesday);
  const json moved = acted(one, "reschedule", R"({"start":"2026-01-06T14:15:00Z"})");
  EXPECT_EQ(moved.at("id"), one.at("id"));
  EXPECT_EQ(moved.at("version"), 2);
  EXPECT_EQ(moved.at("ics_sequence"), 1);
  EXPECT_EQ(moved.at("reschedule_count"), 1);
  EXPECT_EQ(moved.at("start"), "2026-01-06T14:15:00Z") << "its own old time is not in its way";
  EXPECT_EQ(moved.at("local_start"), "2026-01-06T09:15");
  const json other = booked("2026-01-06T14:45:00Z");
  EXPECT_EQ(act(moved, "reschedule", R"({"start":"2026-01-06T15:00:00Z"})").error().code,
            "SLOT_TAKEN");
  EXPECT_EQ(act(moved, "reschedule", R"({"start":"2026-01-06T20:00:00Z"})").error().code,
            "OUTSIDE_AVAILABILITY");
  EXPECT_EQ(get("/appointments/" + one.at("id").get<std::string>()), moved);
  EXPECT_EQ(acted(other, "cancel").at("cancel").at("by"), "customer");
  EXPECT_EQ(acted(moved, "reschedule", R"({"start":"2026-01-06T15:00:00Z"})").at("version"), 3);
}

TEST_F(AppointmentsTest, TheRulesOfTimeAreNamed) {
  EXPECT_EQ(book("2026-01-05T08:30:00Z").error().code, "NOTICE_TOO_SHORT");
  EXPECT_EQ(book("2026-06-08T14:00:00Z").error().code, "BEYOND_HORIZON");
  EXPECT_EQ(book("2026-01-06T16:45:00Z").error().code, "OUTSIDE_AVAILABILITY");
  EXPECT_EQ(book("2026-01-10T14:00:00Z").error().code, "OUTSIDE_AVAILABILITY");
  const json one = booked(kTuesday);
  host_.setTime("2026-01-06T12:00:01Z");
  const auto late = act(one, "cancel", R"({"by":"customer"})");
  EXPECT_EQ(late.status, 422);
  EXPECT_EQ(late.error().code, "CANCEL_WINDOW_PASSED");
  EXPECT_EQ(acted(one, "cancel", R"({"by":"business","reason":"ill"})").at("cancel").at("reason"),
            "ill");
}

TEST_F(AppointmentsTest, PatchNeverMovesTime) {
  const json one = booked(kTuesday);
  const std::string target = path("/appointments/" + one.at("id").get<std::string>());
  EXPECT_EQ(
      host_.patch(target, R"({"start":"2026-01-06T15:00:00Z"})", {{"If-Match", "\"v1\""}}).status,
      400);
  EXPECT_EQ(host_.patch(target, R"({"notes":"window"})", {{"If-Match", "\"v1\""}}).status, 200);
  EXPECT_EQ(host_.patch(target, R"({"lead_id":"nobody"})", {{"If-Match", "\"v2\""}}).status, 404);
}

TEST_F(AppointmentsTest, AHoldKeepsItsTimeUntilItIsOver) {
  const auto held = post("/holds", fmt::format(R"({{"service":"cut","start":"{}"}})", kTuesday));
  ASSERT_EQ(held.status, 201) << held.body;
  const json hold = json::parse(held.body);
  EXPECT_EQ(hold.at("status"), "held");
  EXPECT_EQ(hold.at("hold_expires_at"), "2026-01-05T08:05:00Z");
  EXPECT_EQ(book(kTuesday).error().code, "SLOT_TAKEN");
  const std::string body = fmt::format(R"({{"hold_id":"{}","lead":{{"phone":"+12025550123"}}}})",
                                       hold.at("id").get<std::string>());
  const auto booked_hold = post("/appointments", body);
  ASSERT_EQ(booked_hold.status, 201) << booked_hold.body;
  EXPECT_EQ(json::parse(booked_hold.body).at("id"), hold.at("id"));
  EXPECT_EQ(json::parse(booked_hold.body).at("status"), "confirmed");
  EXPECT_EQ(post("/appointments", body).error().code, "ILLEGAL_TRANSITION");
}

TEST_F(AppointmentsTest, AnOverdueHoldIsInNobodysWay) {
  const auto held = post("/holds", fmt::format(R"({{"service":"cut","start":"{}"}})", kTuesday));
  const std::string id = json::parse(held.body).at("id");
  host_.advance(5min);
  EXPECT_EQ(post("/appointments",
                 fmt::format(R"({{"hold_id":"{}","lead":{{"phone":"+12025550123"}}}})", id))
                .error()
                .code,
            "HOLD_EXPIRED");
  EXPECT_EQ(starts("service=cut&from=2026-01-06T14:00:00Z&to=2026-01-06T14:01:00Z").size(), 1U);
  booked(kTuesday);
  EXPECT_EQ(get("/appointments/" + id).at("status"), "expired");
}

TEST_F(AppointmentsTest, AHoldCanBeLetGo) {
  const auto held = post("/holds", fmt::format(R"({{"service":"cut","start":"{}"}})", kTuesday));
  const std::string id = json::parse(held.body).at("id");
  EXPECT_EQ(host_.del(path("/holds/" + id)).status, 204);
  booked(kTuesday);
  EXPECT_EQ(host_.del(path("/holds/" + id)).error().code, "ILLEGAL_TRANSITION");
}

TEST_F(AppointmentsTest, ListsAreFilteredAndPagedByStart) {
  const json late = booked("2026-01-07T14:00:00Z");
  const json early = booked(kTuesday);
  const json middle = booked("2026-01-06T15:00:00Z");
  acted(middle, "cancel");
  const json first = get("/appointments?limit=2");
  ASSERT_EQ(first.at("items").size(), 2U);
  EXPECT_EQ(first.at("items")[0].at("id"), early.at("id"));
  const json second =
      get("/appointments?limit=2&cursor=" + first.at("next_cursor").get<std::string>());
  ASSERT_EQ(second.at("items").size(), 1U);
  EXPECT_EQ(second.at("items")[0].at("id"), late.at("id"));
  EXPECT_EQ(second.at("next_cursor"), nullptr);
  const auto count = [&](std::string_view query) {
    return get(fmt::format("/appointments?{}", query)).at("items").size();
  };
  EXPECT_EQ(count("status=cancelled"), 1U);
  EXPECT_EQ(count("from=2026-01-07T00:00:00Z"), 1U);
  EXPECT_EQ(count("to=2026-01-07T00:00:00Z"), 2U);
  EXPECT_EQ(count("resource=anna"), 3U);
  EXPECT_EQ(count("resource=ben"), 0U);
  EXPECT_EQ(count("lead=" + early.at("lead_id").get<std::string>()), 3U);
  EXPECT_EQ(count("service=cut&status=confirmed"), 2U);
  EXPECT_EQ(host_.get(path("/appointments?cursor=x")).status, 400);
}

TEST_F(AppointmentsTest, NeedsSomeoneSomethingAndSomeTime) {
  EXPECT_EQ(post("/appointments", R"({"service":"cut","start":"2026-01-06T14:00:00Z"})").status,
            400);
  EXPECT_EQ(post("/appointments", R"({"service":"cut","lead":{"phone":"+12025550123"}})").status,
            400);
  EXPECT_EQ(
      post("/appointments", R"({"start":"2026-01-06T14:00:00Z","lead":{"phone":"+12025550123"}})")
          .status,
      400);
  EXPECT_EQ(
      post("/appointments", R"({"service":"cut","start":"2026-01-06T14:00:00Z","lead_id":"x"})")
          .status,
      404);
  EXPECT_TRUE(get("/appointments").at("items").empty());
}

TEST_F(AppointmentsTest, B3_APutUnderTheClientsIdIsOneVisit) {
  const std::string target = path("/appointments/visit-1");
  const auto made = host_.put(target, bookingBody(kTuesday));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(json::parse(made.body).at("id"), "visit-1");
  acted(json::parse(made.body), "cancel");
  const auto again = host_.put(target, bookingBody(kTuesday));
  EXPECT_EQ(again.status, 200) << "a repeat shows what became of it";
  EXPECT_EQ(json::parse(again.body).at("status"), "cancelled");
  const auto other = host_.put(target, bookingBody("2026-01-06T15:00:00Z"));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.error().code, "DUPLICATE");
  EXPECT_EQ(host_.put(path("/appointments/a%20b"), bookingBody(kTuesday)).status, 400);
  EXPECT_EQ(get("/appointments").at("items").size(), 1U);
}

class TwoResources : public BookingTest {
 protected:
  void SetUp() override {
    BookingTest::SetUp();
    put("/resources/ben", R"({"name":"Ben","schedule":"week","services":["cut"],"priority":200})");
  }
};

TEST_F(TwoResources, AVisitIsGivenToAnotherAtTheSameTime) {
  const json one = booked(kTuesday);
  ASSERT_EQ(one.at("resource"), "anna");
  json given = acted(one, "reassign", R"({"reason":"Anna is ill"})");
  EXPECT_EQ(given.at("resource"), "ben");
  EXPECT_EQ(given.at("start"), one.at("start"));
  EXPECT_EQ(given.at("status"), one.at("status"));
  ASSERT_EQ(given.at("previous").size(), 1U);
  EXPECT_EQ(given.at("previous")[0].at("resource"), "anna");
  EXPECT_EQ(booked(kTuesday).at("resource"), "anna") << "her time is free again";
  const auto back = act(given, "reassign", R"({"resource":"anna"})");
  EXPECT_EQ(back.error().code, "SLOT_TAKEN");
  EXPECT_EQ(acted(given, "reassign", R"({"resource":"ben"})").at("version"), given.at("version"))
      << "who has it already";
  EXPECT_EQ(act(given, "reassign", R"({"resource":"carl"})").status, 404);
  given = acted(given, "cancel");
  EXPECT_EQ(act(given, "reassign").error().code, "ILLEGAL_TRANSITION");
}

TEST_F(TwoResources, AReassignmentDoesNotAskForNotice) {
  const json one = booked(kTuesday);
  host_.setTime("2026-01-06T13:59:00Z");
  EXPECT_EQ(acted(one, "reassign").at("resource"), "ben");
}

// Goal: round robin goes round, and goes on after whoever was last, whatever the process knows.
// Method: the turns are in the store; every write here runs twice, the first time rolled back.
TEST_F(TwoResources, RoundRobinTakesTurns) {
  host_.patch(path("/services/cut"), R"({"assignment":"round_robin"})", {{"If-Match", "\"v1\""}});
  std::vector<std::string> takers;
  for (const char* hour : {"14:00", "14:30", "15:00", "15:30"}) {
    takers.push_back(booked(fmt::format("2026-01-06T{}:00Z", hour)).at("resource"));
  }
  EXPECT_EQ(takers, (std::vector<std::string>{"anna", "ben", "anna", "ben"}));
  post("/appointments", R"({"service":"cut","start":"2026-01-06T16:00:00Z","resource":"anna",
                            "lead":{"phone":"+12025550123"}})");
  EXPECT_EQ(booked("2026-01-06T16:30:00Z").at("resource"), "ben")
      << "a visit that was asked for is a turn too";
}

TEST_F(TwoResources, TheLeastLoadedOfTheDayIsTaken) {
  host_.patch(path("/services/cut"), R"({"assignment":"least_loaded"})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(booked("2026-01-06T14:00:00Z").at("resource"), "anna");
  EXPECT_EQ(booked("2026-01-06T15:00:00Z").at("resource"), "ben");
  EXPECT_EQ(booked("2026-01-06T15:30:00Z").at("resource"), "anna");
  EXPECT_EQ(booked("2026-01-07T14:00:00Z").at("resource"), "anna") << "another day counts anew";
}

TEST_F(TwoResources, ASpecificServiceAsksForAResource) {
  host_.patch(path("/services/cut"), R"({"assignment":"specific"})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(book(kTuesday).status, 400);
  const auto named = post("/appointments", R"({"service":"cut","start":"2026-01-06T14:00:00Z",
    "resource":"ben","lead":{"phone":"+12025550123"}})");
  EXPECT_EQ(json::parse(named.body).at("resource"), "ben");
}

TEST_F(AppointmentsTest, HistoryTellsWhoWhenAndWhatChanged) {
  json one = booked(kTuesday);
  const std::string target = "/appointments/" + one.at("id").get<std::string>();
  host_.advance(1h);
  one = json::parse(
      host_.patch(path(target), R"({"notes":"By the window"})", {{"If-Match", "\"v1\""}}).body);
  one = acted(one, "reschedule", R"({"start":"2026-01-07T14:00:00Z","reason":"school"})");
  ASSERT_EQ(one.at("previous").size(), 1U);
  EXPECT_EQ(one.at("previous")[0].at("start"), kTuesday);
  EXPECT_EQ(one.at("previous")[0].at("local_start"), "2026-01-06T09:00");
  EXPECT_EQ(one.at("previous")[0].at("until"), "2026-01-05T09:00:00Z");
  acted(one, "cancel", R"({"by":"business","reason":"closed"})");
  const json items = get(target + "/history").at("items");
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[0].at("changes"), json::object());
  EXPECT_EQ(items[1].at("action"), "amend");
  EXPECT_EQ(items[1].at("changes"), json::parse(R"({"notes":{"from":"","to":"By the window"}})"));
  EXPECT_EQ(items[2].at("reason"), "school");
  EXPECT_EQ(items[2].at("changes").at("start").at("from"), kTuesday);
  EXPECT_EQ(items[2].at("changes").at("start").at("to"), "2026-01-07T14:00:00Z");
  EXPECT_EQ(items[2].at("at"), "2026-01-05T09:00:00Z");
  EXPECT_EQ(items[3].at("by"), "business");
  EXPECT_EQ(items[3].at("changes").at("status").at("to"), "cancelled");
  for (const auto& item : items) EXPECT_EQ(item.at("actor"), "test-key");
}

class QuestionsTest : public BookingTest {
 protected:
  void SetUp() override {
    BookingTest::SetUp();
    host_.patch(path("/services/cut"),
                R"({"price":{"amount":4500,"currency":"USD"},"questions":[
                  {"id":"length","label":"How long?","type":"choice","options":["short","long"],
                   "required":true},
                  {"id":"age","label":"How old?","type":"number"},
                  {"id":"first_time","label":"New here?","type":"boolean"}]})",
                {{"If-Match", "\"v1\""}});
  }
  TestResponse bookWith(std::string_view answers, std::string_view start = kTuesday) {
    return post("/appointments", fmt::format(R"({{"service":"cut","start":"{}","answers":{},
                                "lead":{{"phone":"+12025550123"}}}})",
                                             start, answers));
  }
};

TEST_F(QuestionsTest, AnswersAndPriceAreKeptWithTheVisit) {
  const auto made = bookWith(R"({"length":"short","age":7,"first_time":true})");
  ASSERT_EQ(made.status, 201) << made.body;
  const json one = json::parse(made.body);
  EXPECT_EQ(one.at("answers"), json::parse(R"({"length":"short","age":7,"first_time":true})"));
  EXPECT_EQ(one.at("price"), json::parse(R"({"amount":4500,"currency":"USD"})"));
  host_.patch(path("/services/cut"), R"({"price":{"amount":5000,"currency":"USD"}})",
              {{"If-Match", "\"v2\""}});
  const std::string target = "/appointments/" + one.at("id").get<std::string>();
  EXPECT_EQ(get(target).at("price").at("amount"), 4500) << "as it was when it was booked";
  const auto changed =
      host_.patch(path(target), R"({"answers":{"length":"long"}})", {{"If-Match", "\"v1\""}});
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_EQ(get(target + "/history").at("items")[1].at("changes").at("answers").at("to"),
            json::parse(R"({"length":"long"})"));
  EXPECT_EQ(host_.patch(path(target), R"({"answers":{}})", {{"If-Match", "\"v2\""}}).status, 400);
}

TEST_F(QuestionsTest, WhatIsNotAnAnswerIsRefused) {
  for (const char* answers :
       {R"({})", R"({"age":7})", R"({"length":"curly"})", R"({"length":"short","age":"7"})",
        R"({"length":"short","first_time":"yes"})", R"({"length":"short","shoe":"44"})"}) {
    const auto refused = bookWith(answers);
    EXPECT_EQ(refused.status, 400) << answers;
    EXPECT_EQ(refused.error().code, "VALIDATION_ERROR");
  }
  EXPECT_EQ(book(kTuesday).status, 400) << "without answers";
  EXPECT_EQ(bookWith(R"({"length":"short"})").status, 201);
}

TEST_F(QuestionsTest, AHoldIsAskedWhenItIsBooked) {
  const auto held = post("/holds", fmt::format(R"({{"service":"cut","start":"{}"}})", kTuesday));
  ASSERT_EQ(held.status, 201) << held.body;
  const std::string id = json::parse(held.body).at("id");
  const auto bookHold = [&](std::string_view answers) {
    return post("/appointments",
                fmt::format(R"({{"hold_id":"{}","answers":{},"lead":{{"phone":"+12025550123"}}}})",
                            id, answers));
  };
  EXPECT_EQ(bookHold("{}").status, 400);
  const auto made = bookHold(R"({"length":"long"})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(json::parse(made.body).at("answers").at("length"), "long");
}

TEST_F(TwoResources, B3_NegativeControl_UnderAnotherKeyTheSameBodyIsAnotherVisit) {
  EXPECT_EQ(book(kTuesday, {{"Idempotency-Key", "one"}}).status, 201);
  EXPECT_EQ(book(kTuesday, {{"Idempotency-Key", "one"}}).status, 201);
  EXPECT_EQ(get("/appointments").at("items").size(), 1U);
  EXPECT_EQ(book(kTuesday, {{"Idempotency-Key", "two"}}).status, 201);
  EXPECT_EQ(get("/appointments").at("items").size(), 2U);
}

TEST_F(AppointmentsTest, TheLastTwentyPlacesAreKeptBesideTheVisit) {
  json one = booked(kTuesday);
  for (int i = 1; i <= 22; ++i) {
    one = acted(one, "reschedule",
                fmt::format(R"({{"start":"2026-01-{:02}T14:{}:00Z"}})", i % 2 == 0 ? 6 : 7,
                            i % 4 < 2 ? "00" : "30"));
  }
  EXPECT_EQ(one.at("reschedule_count"), 22);
  ASSERT_EQ(one.at("previous").size(), 20U);
  EXPECT_EQ(one.at("previous")[0].at("version"), 3);
  EXPECT_EQ(one.at("previous")[19].at("version"), 22);
}

}  // namespace
}  // namespace booking
