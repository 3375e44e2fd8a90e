#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "booking_business.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// One plugin's entry in the detailed health body; null when it is not there.
json healthOf(const HostProcess& host, std::string_view id) {
  const json health = host.client().get("/health?details=true").json();
  for (const auto& plugin : health.at("plugins")) {
    if (plugin.at("id") == id) return plugin;
  }
  return {};
}

void expectClosed(const HttpAnswer& answer) {
  EXPECT_EQ(answer.status, 503) << answer.body << answer.fault;
  EXPECT_EQ(answer.errorCode(), "PLUGIN_UNAVAILABLE");
  EXPECT_NE(answer.header("retry-after"), "");
}

TEST(MissingPlugin, S83_S85_WithoutStripePaymentsAreClosedAndBookingWorks) {
  const HostFolder folder;
  folder.install("booking");
  folder.install("stripe");
  std::filesystem::remove(folder.plugin("stripe"));
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  expectClosed(host.client().post("/api/stripe/v1/webhooks", "{}"));
  const json stripe = healthOf(host, "stripe");
  EXPECT_EQ(stripe.value("state", ""), "missing");
  EXPECT_NE(stripe.value("reason", ""), "");
  const HttpAnswer health = host.client().get("/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.json().value("status", ""), "degraded");
  EXPECT_EQ(health.json()["services"]["stripe"]["status"], "missing") << health.body;
  const CommandEnd list = folder.run({"plugin", "list"});
  EXPECT_EQ(list.code, 0) << list.errors;
  EXPECT_THAT(list.output, testing::ContainsRegex("stripe.*missing.*stripe.so"));
  EXPECT_THAT(list.output, testing::ContainsRegex("booking.*running"));
  const BookingBusiness salon{host};
  EXPECT_EQ(salon.book(salon.starts(1).front(), "one").status, 201);
  EXPECT_EQ(host.stop(), 0);
}

TEST(MissingPlugin, S85_WithoutBookingTheOthersWork) {
  const HostFolder folder;
  folder.install("stripe");
  folder.install("greeter");
  folder.configure("booking", "enabled = true\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  expectClosed(host.keyed().get("/api/booking/v1/services"));
  expectClosed(host.client().get("/api/booking/v1/slots"));
  EXPECT_EQ(healthOf(host, "booking").value("state", ""), "missing");
  EXPECT_EQ(healthOf(host, "stripe").value("state", ""), "running");
  const HttpAnswer webhook = host.client().post("/api/stripe/v1/webhooks", "{}");
  EXPECT_EQ(webhook.errorCode(), "NOT_CONFIGURED") << webhook.status << webhook.body;
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  const HttpAnswer hello = host.keyed("salon").get("/api/greeter/v1/hello/Ada");
  EXPECT_EQ(hello.json().value("hello", ""), "Ada") << hello.body;
  EXPECT_EQ(host.stop(), 0);
}

TEST(MissingPlugin, S85_WithEverythingInPlaceNothingIsDegraded) {
  const HostFolder folder;
  folder.install("booking");
  folder.install("stripe");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_TRUE(await([&] {
    return host.client().get("/health").json().value("status", "") == "healthy";
  })) << host.client().get("/health?details=true").body;
  EXPECT_NE(host.client().post("/api/stripe/v1/webhooks", "{}").errorCode(), "PLUGIN_UNAVAILABLE");
  EXPECT_EQ(host.keyed().get("/api/booking/v1/nothing").status, 404);
  EXPECT_EQ(host.stop(), 0);
}

TEST(MissingPlugin, RequiredMakesTheHostUnready) {
  const HostFolder folder;
  folder.configure("booking", "required = true\n");
  HostProcess host{folder};
  ASSERT_FALSE(host.awaitReady(std::chrono::milliseconds{1500}));
  EXPECT_EQ(host.client().get("/health/readiness").status, 503);
  EXPECT_EQ(host.client().get("/health/liveness").status, 200);
  EXPECT_EQ(host.client().get("/health/quick").status, 200);
  EXPECT_EQ(host.stop(), 0);
}

TEST(PluginSettings, S118_EveryMistakeIsNamedWithItsLineAndNearestName) {
  const HostFolder folder;
  folder.install("booking",
                 "enabled = true\n"
                 "horizon_dais = 30\n"
                 "hold_min = 500\n"
                 "cancel_window_min = soon\n");
  folder.install("greeter", "limits.thread = 2\n");
  folder.install("stripe");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const json booking = host.plugin("booking");
  EXPECT_EQ(booking.value("state", ""), "refused");
  const std::string reason = booking.value("reason", "");
  EXPECT_THAT(reason, HasSubstr("booking.properties:2: horizon_dais"));
  EXPECT_THAT(reason, HasSubstr("did you mean \"horizon_days\"?"));
  EXPECT_THAT(reason, HasSubstr("booking.properties:3: hold_min = \"500\": expected"));
  EXPECT_THAT(reason, HasSubstr("120"));
  EXPECT_THAT(reason, HasSubstr("booking.properties:4: cancel_window_min = \"soon\": expected"));
  EXPECT_THAT(host.plugin("greeter").value("reason", ""),
              HasSubstr("greeter.properties:1: limits.thread"));
  EXPECT_THAT(host.plugin("greeter").value("reason", ""),
              HasSubstr("did you mean \"limits.threads\"?"));
  expectClosed(host.keyed().get("/api/booking/v1/services"));
  EXPECT_EQ(host.plugin("stripe").value("state", ""), "running");
  EXPECT_EQ(host.stop(), 0);
}

TEST(PluginSettings, TenMegabytesOfThemCloseThatPluginAlone) {
  constexpr std::size_t kTenMegabytes = std::size_t{10} << 20U;
  const HostFolder folder;
  folder.install("booking");
  folder.install("greeter", "enabled = true\n# " + std::string(kTenMegabytes, 'x') + "\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_EQ(host.plugin("greeter").value("state", ""), "refused");
  EXPECT_THAT(host.plugin("greeter").value("reason", ""), HasSubstr("at most 1048576 bytes"));
  expectClosed(host.keyed().get("/api/greeter/v1/hello/Ada"));
  const BookingBusiness salon{host};
  EXPECT_EQ(salon.book(salon.starts(1).front(), "one").status, 201);
  EXPECT_EQ(host.stop(), 0);
}

TEST(PluginSettings, ValuesWithinTheirBoundsAreTaken) {
  const HostFolder folder;
  folder.install("greeter", "max_length = 3\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
  EXPECT_EQ(host.keyed("salon").get("/api/greeter/v1/hello/Ada").status, 200);
  const HttpAnswer long_name = host.keyed("salon").get("/api/greeter/v1/hello/Augusta");
  EXPECT_EQ(long_name.status, 422);
  EXPECT_EQ(long_name.errorCode(), "NAME_TOO_LONG");
  EXPECT_EQ(host.stop(), 0);
}

TEST(PluginSettings, S131_ASecretThatIsWrongIsNotShown) {
  constexpr std::string_view kSecret = "not-a-key-8c1f";
  const HostFolder folder;
  folder.install("stripe");
  HostProcess host{folder, {{"STRIPE_SECRET_KEY", std::string{kSecret}}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  EXPECT_THAT(host.client().get("/health?details=true").body, Not(HasSubstr(std::string{kSecret})));
  EXPECT_THAT(host.plugin("stripe").dump(), Not(HasSubstr(std::string{kSecret})));
  EXPECT_EQ(host.stop(), 0);
  EXPECT_THAT(host.logText() + host.errorText(), Not(HasSubstr(std::string{kSecret})));
}

}  // namespace
}  // namespace bulkhead::integration
