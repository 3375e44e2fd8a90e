#include <gmock/gmock.h>

#include <bulkhead/error.hpp>

#include "notice.hpp"
#include "plugins/booking/booking_fixture.hpp"

namespace booking {
namespace {

using bulkhead::Error;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kTuesday = "2026-01-06T14:00:00Z";
constexpr std::string_view kLater = "2026-01-06T15:00:00Z";

/// A business whose messages and calendars have a provider that says yes.
class OutgoingTest : public BookingTest {
 protected:
  void SetUp() override {
    BookingTest::SetUp();
    put("/resources/anna",
        R"({"name":"Anna","schedule":"week","services":["cut"],)"
        R"("calendar_connection":"conn_1","calendar":"anna@example.com"})",
        {{"If-Match", "\"v1\""}});
    answer();
  }

  void answer() {
    host_.capabilities().answer("messaging/1", "send_message", [](std::string_view) {
      return std::string{R"({"id":"SM1","status":"queued"})"};
    });
    host_.capabilities().answer("calendar/1", "put_event", [](std::string_view request) {
      const json event = json::parse(request);
      return json{{"id", event.at("id")}, {"start", event.at("start")}, {"end", event.at("end")}}
          .dump();
    });
    host_.capabilities().answer("calendar/1", "delete_event",
                                [](std::string_view) { return std::string{"{}"}; });
  }
  void refuse(const char* capability, const char* call, const char* code) {
    host_.capabilities().answer(capability, call, [code](std::string_view) -> std::string {
      throw Error::externalService(code, "no");
    });
  }

  std::vector<json> asked(std::string_view capability, std::string_view call) {
    std::vector<json> requests;
    for (const auto& one : host_.capabilities().requests(capability, call)) {
      requests.push_back(json::parse(one));
    }
    return requests;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> found;
    for (const json& one : asked("messaging/1", "send_message")) found.push_back(one.at("text"));
    return found;
  }
  json moved(const json& visit, std::string_view start) {
    return acted(visit, "reschedule", fmt::format(R"({{"start":"{}"}})", start));
  }
};

TEST_F(OutgoingTest, CustomersAreToldOfWhatBecomesOfTheirVisit) {
  const json visit = booked(kTuesday);
  host_.runMessages();
  const json later = moved(visit, kLater);
  host_.runMessages();
  acted(later, "cancel");
  host_.runMessages();
  EXPECT_THAT(texts(), ElementsAre("t1: Haircut on 2026-01-06 at 09:00 is confirmed.",
                                   "t1: Haircut is moved to 2026-01-06 at 10:00.",
                                   "t1: Haircut on 2026-01-06 at 10:00 is cancelled."));
  const auto requests = asked("messaging/1", "send_message");
  EXPECT_EQ(requests[0].at("to"), "+12025550123");
  EXPECT_NE(requests[0].at("reference"), requests[1].at("reference"));
}

TEST_F(OutgoingTest, ACalendarShowsTheVisitAsItIs) {
  const json visit = booked(kTuesday);
  host_.runMessages();
  const json later = moved(visit, kLater);
  host_.runMessages();
  acted(later, "cancel");
  host_.runMessages();
  const auto put = asked("calendar/1", "put_event");
  ASSERT_THAT(put, SizeIs(2));
  EXPECT_EQ(put[0].at("connection"), "conn_1");
  EXPECT_EQ(put[0].at("calendar"), "anna@example.com");
  EXPECT_EQ(put[0].at("summary"), "Haircut");
  EXPECT_EQ(put[0].at("start"), kTuesday);
  EXPECT_EQ(put[1].at("start"), kLater);
  EXPECT_EQ(put[0].at("id"), put[1].at("id")) << "one event for ever";
  const auto removed = asked("calendar/1", "delete_event");
  ASSERT_THAT(removed, SizeIs(1));
  EXPECT_EQ(removed[0].at("id"), put[0].at("id"));
}

TEST_F(OutgoingTest, AnotherResourcesCalendarTakesOver) {
  put("/resources/ben", R"({"name":"Ben","schedule":"week","services":["cut"],"priority":500,)"
                        R"("calendar_connection":"conn_2","calendar":"ben"})");
  const json visit = booked(kTuesday);
  host_.runMessages();
  acted(visit, "reassign", R"({"resource":"ben"})");
  host_.runMessages();
  const auto removed = asked("calendar/1", "delete_event");
  ASSERT_THAT(removed, SizeIs(1));
  EXPECT_EQ(removed[0].at("connection"), "conn_1");
  EXPECT_EQ(asked("calendar/1", "put_event").back().at("connection"), "conn_2");
  EXPECT_THAT(texts(), SizeIs(1)) << "the customer's time is the same";
}

// Goal: a provider that is away holds up and loses nothing. Method: it refuses, the visit is booked
// all the same, and it comes back an hour later.
TEST_F(OutgoingTest, NothingIsLostWhileTheProvidersAreAway) {
  refuse("messaging/1", "send_message", "PROVIDER_UNREACHABLE");
  refuse("calendar/1", "put_event", "PROVIDER_UNREACHABLE");
  booked(kTuesday);
  host_.runMessages();
  EXPECT_THAT(texts(), SizeIs(1)) << "it was tried";
  answer();
  host_.advance(std::chrono::hours{1});
  host_.runMessages();
  const auto sent = asked("messaging/1", "send_message");
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_EQ(sent[0], sent[1]) << "one reference: a provider that had it already sends nothing";
  EXPECT_THAT(asked("calendar/1", "put_event"), SizeIs(2));
  host_.advance(std::chrono::hours{24});
  host_.runMessages();
  EXPECT_THAT(texts(), SizeIs(2));
}

TEST_F(OutgoingTest, WhatIsOvertakenIsNotSent) {
  refuse("messaging/1", "send_message", "PROVIDER_RATE_LIMITED");
  const json visit = booked(kTuesday);
  host_.runMessages();
  acted(visit, "cancel");
  answer();
  host_.advance(std::chrono::hours{1});
  host_.runMessages();
  EXPECT_THAT(texts(), ElementsAre("t1: Haircut on 2026-01-06 at 09:00 is confirmed.",
                                   "t1: Haircut on 2026-01-06 at 09:00 is cancelled."))
      << "the confirmation was tried once, and never again";
}

TEST_F(OutgoingTest, WhoOptedOutIsLeftInPeace) {
  refuse("messaging/1", "send_message", "OPTED_OUT");
  booked(kTuesday);
  host_.runMessages();
  host_.advance(std::chrono::hours{24});
  host_.runMessages();
  EXPECT_THAT(texts(), SizeIs(1)) << "the refusal is final";
}

TEST_F(OutgoingTest, NobodyWaitsForAProviderThatIsNotThere) {
  host_.capabilities().close();
  booked(kTuesday);
  host_.runMessages();
  answer();
  host_.advance(std::chrono::hours{24});
  host_.runMessages();
  EXPECT_THAT(texts(), SizeIs(1)) << "asked once, then passed over";
}

TEST_F(OutgoingTest, WhatWasRefusedIsToldToNobody) {
  booked(kTuesday);
  EXPECT_EQ(book(kTuesday).status, 409);
  host_.runMessages();
  EXPECT_THAT(texts(), SizeIs(1));
}

TEST_F(OutgoingTest, ATenantHasItsOwnWords) {
  const auto version = host_.get(path("/tenant")).header("ETag");
  const auto wrong =
      host_.patch(path("/tenant"), R"({"text_moved":"{when}"})", {{"If-Match", version}});
  EXPECT_EQ(wrong.status, 400);
  ASSERT_EQ(host_
                .patch(path("/tenant"),
                       R"({"name":"Salon","text_confirmed":"Hi {name}! {resource}, {time}",)"
                       R"("text_cancelled":""})",
                       {{"If-Match", version}})
                .status,
            200);
  const auto response =
      post("/appointments", fmt::format(R"({{"service":"cut","start":"{}","lead":)"
                                        R"({{"name":"Ann","phone":"+12025550123"}}}})",
                                        kTuesday));
  acted(json::parse(response.body), "cancel");
  host_.runMessages();
  EXPECT_THAT(texts(), IsEmpty()) << "overtaken, and a cancellation is told to nobody";
  booked(kLater);
  host_.runMessages();
  EXPECT_THAT(texts(), ElementsAre("Hi Ann! Anna, 10:00"));
}

TEST_F(OutgoingTest, ACalendarIsNamedWhole) {
  const auto refused =
      host_.put(path("/resources/ben"), R"({"name":"Ben","schedule":"week","calendar":"ben"})");
  EXPECT_EQ(refused.status, 400);
}

TEST(Notice, TextsAreFilledAndCut) {
  const NoticeWords words{"Salon", "Ann", "Cut", "Anna", "2026-01-06", "09:00"};
  EXPECT_EQ(filled("{name}, {service} with {resource}: {date} {time}, {business}", words),
            "Ann, Cut with Anna: 2026-01-06 09:00, Salon");
  EXPECT_EQ(filled("{{name}} {x", words), "{Ann} {x");
  NoticeWords braces = words;
  braces.name = "{time}";
  EXPECT_EQ(filled("{name}", braces), "{time}") << "words are not filled again";
  NoticeWords accents = words;
  accents.name.clear();
  for (int i = 0; i < 900; ++i) accents.name += "\u00e9";
  EXPECT_EQ(filled("x{name}", accents).size(), kNoticeBytesMax - 1) << "no half character";
  EXPECT_THROW(checkText("text", "{when}"), Error);
  EXPECT_NO_THROW(checkText("text", "{name} {time}"));
}

}  // namespace
}  // namespace booking
