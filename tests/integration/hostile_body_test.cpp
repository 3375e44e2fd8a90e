#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

#include "booking_business.hpp"
#include "html_judge.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// Bodies that are meant to cost more than they are worth, at the front door of a real host.
class HostileBodies : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<HostFolder>();
    folder_->install("booking");
    host_ = std::make_unique<HostProcess>(*folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    salon_ = std::make_unique<BookingBusiness>(*host_);
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(host_->stop(), 0) << host_->logText();
    salon_.reset();
    host_.reset();
    folder_.reset();
  }

  static std::string nested(std::size_t levels) {
    return fmt::format(R"({{"name":{}1{}}})", std::string(levels - 1, '['),
                       std::string(levels - 1, ']'));
  }

  inline static std::unique_ptr<HostFolder> folder_;
  inline static std::unique_ptr<HostProcess> host_;
  inline static std::unique_ptr<BookingBusiness> salon_;
};

TEST_F(HostileBodies, TooManyLevelsAre400BeforeAnyPluginSeesThem) {
  for (const std::size_t levels : {std::size_t{65}, std::size_t{500'000}}) {
    const HttpAnswer answer = salon_->post("/leads", nested(levels), "levels");
    EXPECT_EQ(answer.status, 400) << levels << answer.fault;
    EXPECT_EQ(answer.errorCode(), "VALIDATION_ERROR");
    EXPECT_THAT(answer.body, HasSubstr("At most 64 levels are read."));
  }
  const HttpAnswer limit = salon_->post("/leads", nested(64), "levels");
  EXPECT_EQ(limit.status, 400);
  EXPECT_THAT(limit.body, HasSubstr("#/name")) << "control: this one met the schema";
  EXPECT_EQ(salon_->get("/services/cut").status, 200);
}

TEST_F(HostileBodies, ANumberThatNothingCanHoldIs400) {
  const HttpAnswer answer = salon_->post("/leads", R"({"name":1e999})", "number");
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("a number that no double can hold"));
}

// Goal: what a visitor types into a form cannot act in the page that shows it. Method: hostile
// leads through the front door, read back, and judged by an HTML parser of others.
TEST_F(HostileBodies, S36_S37_S38_C22_WhatALeadSaysNeverActs) {
  const char* const notes[] = {"Call me<script>alert(1)</script>",
                               "<ScRiPt\n src=//x.example>",
                               "<scr<script>ipt>",
                               "<img src=x onerror=alert(1)>",
                               "<svg/onload=alert(1)>",
                               "<a href='javascript:x'>",
                               "<iframe srcdoc=x>",
                               "<!--<b onclick=x>-->",
                               "javascript:alert(1)"};
  int leads = 0;
  for (const std::string text : notes) {
    const json lead{{"name", text}, {"phone", "+4930901820"}, {"notes", text}};
    const HttpAnswer made = salon_->post("/leads", lead.dump(), fmt::format("lead-{}", ++leads));
    ASSERT_TRUE(made.status == 201 || made.status == 200) << made.body << made.fault;
    const json shown = salon_->get("/leads/" + made.json().value("id", "")).json();
    for (const char* member : {"name", "notes"}) {
      const std::string seen = shown.value(member, "");
      EXPECT_NE(seen, text);
      EXPECT_EQ(tests::whatActs(seen), "") << seen;
    }
  }
  const auto counted = [&] {
    return host_->client()
               .get("/metrics")
               .body.find("bulkhead_sanitized_values_total{plugin=\"booking\"} 18\n") !=
           std::string::npos;
  };
  EXPECT_TRUE(await(counted))
      << host_->client().get("/metrics").body;  // a worker tells each second
}

TEST_F(HostileBodies, S36_C22_WhatPeopleWriteStays) {
  const std::string text = "Ann <ann@example.org> wants <3 of 1<2, \"a & b\" \xC3\xA4";
  const json lead{{"name", text}, {"phone", "+4930901821"}, {"notes", text}};
  const HttpAnswer made = salon_->post("/leads", lead.dump(), "harmless");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().value("name", ""), text);
  EXPECT_EQ(made.json().value("notes", ""), text);
}

}  // namespace
}  // namespace bulkhead::integration
