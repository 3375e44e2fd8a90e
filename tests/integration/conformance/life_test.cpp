// The plugin's life: what it refuses at its beginning, and its end.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "host_process.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// What the host says of a plugin that does that wrongly, in one of its lives.
json closedBy(std::string_view mistake, std::string_view isolation) {
  const HostFolder folder;
  folder.installHostile(
      "conformance",
      fmt::format("isolation = {}\nmistake = {}\nlimits.restarts = 0\n", isolation, mistake));
  HostProcess host{folder};
  host.awaitReady();
  const json shown = host.plugin("conformance");
  std::string reason = shown.value("reason", "");
  if (const auto at = reason.find(folder.path().string()); at != std::string::npos)
    reason.erase(at, folder.path().string().size());
  EXPECT_EQ(host.client().get("/api/conformance/v1/public").status, 503) << mistake;
  EXPECT_EQ(host.stop(), 0);
  return {{"state", shown.value("state", "")}, {"reason", reason}};
}

class Mistaken : public testing::TestWithParam<std::pair<const char*, const char*>> {};

INSTANTIATE_TEST_SUITE_P(Each, Mistaken,
                         testing::Values(std::pair{"contract", "sumary"},
                                         std::pair{"contributor", "healthy"},
                                         std::pair{"metric", "gouge"},
                                         std::pair{"foreign_route", "/api/booking/v1/mine"},
                                         std::pair{"create", "It cannot be like this."},
                                         std::pair{"start", "It does not start."}),
                         [](const auto& mistake) { return std::string{mistake.param.first}; });

TEST_P(Mistaken, ClosesThePluginWithTheSameReason) {
  const auto [mistake, named] = GetParam();
  const json inside = closedBy(mistake, "inprocess");
  EXPECT_THAT(inside.value("reason", ""), HasSubstr(named));
  EXPECT_EQ(inside, closedBy(mistake, "worker"));
}

// Goal: a plugin of the waist's first version lives in both lives. Method: one that was built
// against the header of that time, whose structs are smaller.
TEST(Life, APluginOfTheFirstVersionAnswersInBoth) {
  for (const char* isolation : {"inprocess", "worker"}) {
    const HostFolder folder;
    folder.installHostile("c-greeter", fmt::format("isolation = {}\ngreeting = moin\n", isolation));
    HostProcess host{folder};
    ASSERT_TRUE(host.awaitReady()) << host.logText();
    ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon"})").status, 201);
    const HttpAnswer answer = host.keyed("salon").get("/api/c-greeter/v1/hello/Ann");
    EXPECT_EQ(answer.body, R"({"hello":"moin Ann"})") << isolation << host.logText();
    const HttpAnswer refused = host.keyed("salon").get("/api/c-greeter/v1/hello/%22");
    EXPECT_EQ(refused.errorCode(), "STRANGE_NAME") << isolation;
    EXPECT_EQ(host.stop(), 0) << isolation;
  }
}

// Goal: each function of the plugin's life is called, once and in its order. Method: each writes a
// line; the last ones are written while the plugin is destroyed.
TEST(Life, EachFunctionIsCalledOnceAndInOrder) {
  for (const char* isolation : {"inprocess", "worker"}) {
    const HostFolder folder;
    folder.installHostile("conformance", fmt::format("isolation = {}\n", isolation));
    HostProcess host{folder};
    ASSERT_TRUE(host.awaitReady()) << host.logText();
    EXPECT_EQ(host.stop(), 0) << host.logText();
    std::string order;
    for (const json& line : host.logLines()) {
      const std::string message = line.value("message", "");
      if (message.starts_with("life: ")) order += message.substr(6) + ' ';
    }
    EXPECT_EQ(order, "created started stopped destroyed ") << isolation;
  }
}

}  // namespace
}  // namespace bulkhead::integration
