#include "verify/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/plugins/built_files.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host {
namespace {

using test::hostile;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Verify, SaysWhatThePluginIsAndThatTheHostWouldStartIt) {
  const VerifyReport report = verifyPlugin(test::greeter());
  EXPECT_TRUE(report.passed());
  EXPECT_THAT(
      asText(report),
      AllOf(HasSubstr("greeter 1.0.0, plugin API 1"), HasSubstr("GET /api/greeter/v1/hello/{name}"),
            Not(HasSubstr("warning")), HasSubstr("The host would start it.")));
}

TEST(Verify, WhatTheHostWouldRefuseIsFailedWithItsWords) {
  for (const auto& [name, words] : {std::pair{"not-elf", "is not an ELF file"},
                                    {"create-throws", "create"},
                                    {"create-segfaults", "SIGSEGV"},
                                    {"no-manifest", "manifest"}}) {
    const VerifyReport report = verifyPlugin(hostile(name));
    EXPECT_FALSE(report.passed()) << name;
    EXPECT_THAT(asText(report), AllOf(HasSubstr("failed"), HasSubstr(words))) << name;
  }
}

TEST(Verify, WhatAPersonShouldMendIsAWarning) {
  EXPECT_THAT(
      asText(verifyPlugin(hostile("pinned"))),
      AllOf(HasSubstr("warning  creation  its code stays"),
            HasSubstr("instead: build it with -fno-gnu-unique"), HasSubstr("would start it")));
  EXPECT_THAT(asText(verifyPlugin(hostile("unresolved"))), HasSubstr("warning  symbols"));
}

TEST(Verify, TakesThePluginsOwnFileOfSettings) {
  const TemporaryFolder folder;
  const auto good = folder.write("greeter.properties", "enabled = true\nmax_length = 3\n");
  EXPECT_TRUE(verifyPlugin(test::greeter(), {.conf = good}).passed());
  folder.write("greeter.properties", "max_length = 5000\n");
  const VerifyReport refused = verifyPlugin(test::greeter(), {.conf = good});
  EXPECT_FALSE(refused.passed());
  EXPECT_THAT(asText(refused), HasSubstr("max_length"));
}

TEST(Verify, SaysWhatBesidesTheDoorIsSeen) {
  EXPECT_THAT(asText(verifyPlugin(hostile("interposer"))),
              AllOf(HasSubstr("failed   symbols"), HasSubstr("is a name that the host has as well"),
                    HasSubstr("instead: make it static")));
}

TEST(Verify, TriesMigrationsAndStartAndTellsTheWaist) {
  EXPECT_THAT(asText(verifyPlugin(hostile("brittle"))),
              AllOf(HasSubstr("passed   trial     migrated on an empty store, created, started"),
                    HasSubstr("passed   waist     plugin-api 1."), HasSubstr("wants calendar/1")));
  EXPECT_THAT(asText(verifyPlugin(hostile("start-throws"))),
              AllOf(HasSubstr("failed   trial     create and start: failed: thrown on purpose"),
                    HasSubstr("would refuse it")));
}

TEST(Verify, NamesTheRoutesThatANeighbourWants) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(test::greeter(), folder.path() / "greeter.so");
  EXPECT_THAT(asText(verifyPlugin(hostile("greeter-rival"), {.beside = folder.path()})),
              AllOf(HasSubstr("failed   routes"), HasSubstr("greeter.so"),
                    HasSubstr("/api/greeter/v1/hello/{name}")));
  EXPECT_TRUE(verifyPlugin(hostile("greeter-rival")).passed()) << "alone it is as it should be";
}

TEST(Verify, IsJsonForPrograms) {
  const auto report = nlohmann::json::parse(asJson(verifyPlugin(hostile("create-throws"))));
  EXPECT_EQ(report["passed"], false);
  EXPECT_EQ(report["findings"].back()["verdict"], "failed");
  EXPECT_EQ(report["findings"].back()["check"], "creation");
}

}  // namespace
}  // namespace bulkhead::host
