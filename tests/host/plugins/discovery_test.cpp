#include "plugins/discovery.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bulkhead/abi.h>

#include "host/plugins/elf_builder.hpp"
#include "host/plugins/plugin_files.hpp"

namespace bulkhead::host {
namespace {

using ::testing::HasSubstr;

const PreflightOptions kPatient{std::chrono::seconds{20}, "/proc/self/exe"};

PluginEntry entry(std::string id, std::filesystem::path library = {}) {
  PluginEntry result;
  result.id = std::move(id);
  result.library = std::move(library);
  return result;
}

PluginCandidate one(const PluginEntry& configured) {
  const TemporaryFolder folder;
  return discoverPlugins({configured}, folder.path()).at(0);
}

TEST(Discovery, FindsAPluginInItsFolderAndProvesACopy) {
  const TemporaryFolder folder;
  folder.write("greeter.so", readPluginFile(test::greeter()).bytes);
  auto candidates = discoverPlugins({entry("greeter")}, folder.path());
  ASSERT_EQ(candidates.size(), 1U);
  PluginCandidate& greeter = candidates[0];
  EXPECT_EQ(greeter.state, PluginState::Discovered);
  EXPECT_EQ(greeter.manifest->version, "1.0.0");
  verify(greeter, PluginCache{folder.path() / "cache"}, {}, kPatient);
  EXPECT_EQ(greeter.state, PluginState::Verified) << greeter.reason;
  EXPECT_EQ(readPluginFile(greeter.copy).sha256, greeter.sha256);
}

TEST(Discovery, GivesEachClosedStateItsReason) {
  const auto missing = one(entry("shop"));
  EXPECT_EQ(missing.state, PluginState::Missing);
  EXPECT_THAT(missing.reason, HasSubstr("there is no file"));
  EXPECT_TRUE(missing.isClosed());

  PluginEntry off = entry("shop");
  off.enabled = false;
  EXPECT_EQ(one(off).state, PluginState::Disabled);
  EXPECT_THAT(one(off).reason, HasSubstr("enabled = false"));

  PluginEntry broken = entry("shop");
  broken.problem = "shop.properties:3: max_length is \"x\"";
  EXPECT_EQ(one(broken).state, PluginState::Refused);
  EXPECT_EQ(one(broken).reason, broken.problem);

  EXPECT_THAT(one(entry("empty", test::hostile("empty"))).reason, HasSubstr("is empty"));
  EXPECT_EQ(one(entry("not-elf", test::hostile("not-elf"))).state, PluginState::Refused);
}

TEST(Discovery, RefusesAFileOfAnotherPlugin) {
  const auto wrong = one(entry("shop", test::greeter()));
  EXPECT_EQ(wrong.state, PluginState::Refused);
  EXPECT_THAT(wrong.reason, HasSubstr("is plugin \"greeter\""));
}

/// Two files that are the same plugin would register the same routes: the second has no name.
TEST(Discovery, TwoFilesOfOnePluginCannotBothBeOpen) {
  const auto candidates = discoverPlugins(
      {entry("twin", test::hostile("twin")), entry("twin-again", test::hostile("twin-again"))},
      "/nonexistent");
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].state, PluginState::Discovered);
  EXPECT_EQ(candidates[1].state, PluginState::Refused);
  EXPECT_THAT(candidates[1].reason, HasSubstr("is plugin \"twin\""));
  EXPECT_EQ(discoverPlugins({entry("twin", test::hostile("twin")), entry("twin")}, "/nonexistent")
                .at(0)
                .state,
            PluginState::Refused);
}

TEST(Discovery, KnowsOfAFileThatIsGoneWhatItsLastCopySays) {
  const TemporaryFolder folder;
  const PluginCache cache{folder.path()};
  EXPECT_FALSE(lastKnown(cache, "shop")) << "there was none";
  const std::string manifest =
      R"({"id":"shop","version":"1.0.0","api":"1","summary":"Sells.","service":"shop",)"
      R"("provides":["goods/1"],"wants":{"payments/1":"optional"}})";
  const std::string bytes =
      test::smallLibrary({{BULKHEAD_NOTE_OWNER, BULKHEAD_NOTE_MANIFEST, manifest}});
  const auto copy = cache.copyOf(readPluginFile(folder.write("shop.so", bytes)), "shop");
  const auto known = lastKnown(cache, "shop");
  ASSERT_TRUE(known);
  EXPECT_EQ(known->service, "shop");
  EXPECT_THAT(known->capabilities.provides, testing::ElementsAre("goods/1"));
  EXPECT_THAT(known->capabilities.wants, testing::ElementsAre(testing::Pair("payments/1", false)));
  std::filesystem::permissions(copy, std::filesystem::perms::owner_all);
  std::ofstream{copy} << "no library";
  EXPECT_FALSE(lastKnown(cache, "shop")) << "what cannot be read says nothing";
}

TEST(Discovery, ListsFilesThatNobodyConfigured) {
  const TemporaryFolder folder;
  folder.write("greeter.so", "x");
  folder.write("notes.txt", "x");
  const auto candidates = discoverPlugins({}, folder.path());
  ASSERT_EQ(candidates.size(), 1U);
  EXPECT_EQ(candidates[0].state, PluginState::Disabled);
  EXPECT_THAT(candidates[0].reason, HasSubstr("there is no conf/plugins.d/greeter.properties"));
}

TEST(Discovery, VerifyClosesWhatDoesNotSurviveOrChanged) {
  const TemporaryFolder folder;
  const PluginCache cache{folder.path() / "cache"};
  auto throwing = one(entry("create-throws", test::hostile("create-throws")));
  ASSERT_EQ(throwing.state, PluginState::Discovered) << throwing.reason;
  verify(throwing, cache, {}, kPatient);
  EXPECT_EQ(throwing.state, PluginState::Refused);
  EXPECT_THAT(throwing.reason, HasSubstr("create-throws.so refused while creating the plugin"));
  EXPECT_TRUE(throwing.copy.empty());

  const auto file = folder.write("greeter.so", readPluginFile(test::greeter()).bytes);
  auto changed = one(entry("greeter", file));
  folder.write("greeter.so", readPluginFile(test::hostile("harmless")).bytes);
  verify(changed, cache, {}, kPatient);
  EXPECT_THAT(changed.reason, HasSubstr("changed while it was examined"));
}

}  // namespace
}  // namespace bulkhead::host
