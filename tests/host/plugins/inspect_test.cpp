#include "plugins/inspect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/plugins/plugin_files.hpp"
#include "plugins/library.hpp"
#include "plugins/plugin_file.hpp"

namespace bulkhead::host {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Inspect, PrintsAPluginWithoutLoadingIt) {
  const std::string text = inspectPlugin(test::greeter(), InspectFormat::Text);
  EXPECT_THAT(text, AllOf(HasSubstr("greeter 1.0.0: Greets people by name."),
                          HasSubstr("max_length (integer), default 64, min 1, max 4096: Longest"),
                          HasSubstr(readPluginFile(test::greeter()).sha256)));
  EXPECT_FALSE(PluginLibrary::isMapped(std::filesystem::canonical(test::greeter())));
}

TEST(Inspect, WarnsOfNothingThatOurOwnBuildMakes) {
  const auto facts = nlohmann::json::parse(inspectPlugin(test::greeter(), InspectFormat::Json));
  EXPECT_EQ(facts["warnings"], nlohmann::json::array());
  EXPECT_EQ(facts["unique_symbols"], 0);
  EXPECT_EQ(facts["exported_symbols"], 1);
  EXPECT_EQ(facts["manifest"]["id"], "greeter");
}

TEST(Inspect, WarnsOfABuildWithoutTheFlags) {
  const std::string text = inspectPlugin(test::hostile("unresolved"), InspectFormat::Text);
  EXPECT_THAT(text, HasSubstr("symbols are bound lazily"));
}

TEST(Inspect, NeverRunsTheFile) {
  EXPECT_THAT(inspectPlugin(test::hostile("constructor-exits"), InspectFormat::Text),
              HasSubstr("constructor-exits 1.0.0"));
}

TEST(Inspect, RefusesAsTheHostWould) {
  EXPECT_THAT(test::refusalOf([] { inspectPlugin(test::hostile("not-elf"), InspectFormat::Text); }),
              HasSubstr("is not an ELF file"));
}

}  // namespace
}  // namespace bulkhead::host
