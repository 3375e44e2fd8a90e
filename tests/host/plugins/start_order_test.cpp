#include "plugins/start_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Manifest plugin(std::string id, std::vector<Capability> provides,
                std::vector<WantedCapability> wants) {
  Manifest manifest;
  manifest.id = std::move(id);
  manifest.provides = std::move(provides);
  manifest.wants = std::move(wants);
  return manifest;
}

const Capability kA{"a", 1};
const Capability kB{"b", 1};
const Capability kC{"c", 1};

TEST(StartOrder, PutsProvidersBeforeThoseThatRequireThem) {
  const auto order = startOrder({plugin("accounting", {}, {{kA, true}}), plugin("booking", {}, {}),
                                 plugin("stripe", {kA}, {{kB, true}}), plugin("vault", {kB}, {})});
  EXPECT_THAT(order.steps, ElementsAre(ElementsAre("booking", "vault"), ElementsAre("stripe"),
                                       ElementsAre("accounting")));
  EXPECT_THAT(order.blocked, IsEmpty());
}

TEST(StartOrder, NeverBlocksForOptionalWants) {
  const auto order =
      startOrder({plugin("x", {kA}, {{kB, false}, {kC, false}}), plugin("y", {kB}, {{kA, false}})});
  EXPECT_THAT(order.steps, ElementsAre(ElementsAre("x", "y")));
}

TEST(StartOrder, SaysWhatIsMissingAndWhichMajorThereIs) {
  const auto order = startOrder(
      {plugin("x", {}, {{{"a", 2}, true}}), plugin("y", {kA}, {}), plugin("z", {}, {{kC, true}})});
  EXPECT_THAT(order.steps, ElementsAre(ElementsAre("y")));
  EXPECT_EQ(order.blocked.at("x"),
            "requires a/2, which no enabled plugin provides; there is a/1, and only equal majors "
            "are joined");
  EXPECT_EQ(order.blocked.at("z"), "requires c/1, which no enabled plugin provides");
}

TEST(StartOrder, NamesCirclesAndThoseBehindThem) {
  const auto order = startOrder({plugin("x", {kA}, {{kB, true}}), plugin("y", {kB}, {{kA, true}}),
                                 plugin("behind", {}, {{kA, true}}), plugin("free", {}, {})});
  EXPECT_THAT(order.steps, ElementsAre(ElementsAre("free")));
  EXPECT_THAT(order.blocked.at("x"), HasSubstr("circle of requirements: x -> y -> x"));
  EXPECT_THAT(order.blocked.at("y"), HasSubstr("circle of requirements: y -> x -> y"));
  EXPECT_EQ(order.blocked.at("behind"), "requires a/1, but x cannot start");
}

TEST(StartOrder, ASecondProviderOpensACircle) {
  const auto order = startOrder({plugin("x", {kA}, {{kB, true}}), plugin("y", {kB}, {{kA, true}}),
                                 plugin("spare", {kB}, {})});
  EXPECT_THAT(order.steps, ElementsAre(ElementsAre("spare"), ElementsAre("x"), ElementsAre("y")));
}

TEST(StartOrder, APluginMayProvideWhatItRequires) {
  EXPECT_THAT(startOrder({plugin("x", {kA}, {{kA, true}})}).steps, ElementsAre(ElementsAre("x")));
}

}  // namespace
}  // namespace bulkhead::host
