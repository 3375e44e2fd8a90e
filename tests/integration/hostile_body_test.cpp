#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

#include "booking_business.hpp"

namespace bulkhead::integration {
namespace {

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

}  // namespace
}  // namespace bulkhead::integration
