#include "app/command_line.hpp"

#include <gtest/gtest.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

const std::vector<CommandOption> kOptions{
    {"config", "FILE", "", false}, {"json", "", "", false}, {"scope", "SCOPE", "", true}};

std::string refusalOf(const std::vector<std::string>& words) {
  try {
    CommandLine{words, kOptions, 1};
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "USAGE");
    return error.message();
  }
  return "";
}

TEST(CommandLine, ReadsOptionsAndWords) {
  const CommandLine line{
      {"--config", "a.properties", "name", "--scope=x:*", "--scope", "y:read", "--json"},
      kOptions,
      1};
  EXPECT_EQ(line.find("config"), "a.properties");
  EXPECT_EQ(line.argument(0, "NAME"), "name");
  EXPECT_EQ(line.all("scope"), (std::vector<std::string>{"x:*", "y:read"}));
  EXPECT_TRUE(line.has("json"));
  EXPECT_EQ(line.find("missing"), std::nullopt);
}

TEST(CommandLine, RefusesWithWhatToDo) {
  EXPECT_EQ(refusalOf({"--confg", "x"}), "there is no option --confg; did you mean --config?");
  EXPECT_EQ(refusalOf({"--config"}), "--config needs a value: FILE");
  EXPECT_EQ(refusalOf({"one", "two"}), "'two' is one word too many");
  EXPECT_EQ(refusalOf({"--json", "--json"}), "--json is given twice");
  EXPECT_THROW((CommandLine{{}, kOptions, 1}.argument(0, "NAME")), Error);
}

}  // namespace
}  // namespace bulkhead::host
