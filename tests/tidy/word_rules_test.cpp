#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.hpp"

namespace bulkhead::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Findings check(const std::string& path, const std::string& text) {
  return checkWords(tree({{path, text}}));
}

TEST(WordRules, PassACleanTree) {
  EXPECT_THAT(check("host/app/a.hpp",
                    "#pragma once\n// a new day, delete it, std::regex\nA(const A&) = delete;\n"
                    "auto a = std::make_unique<A>();\nauto s = \"std::format( new x\";\nint "
                    "renew(int); int newId();\n"
                    "sqlite3_free(p);\n"),
              IsEmpty());
  EXPECT_THAT(check("host/app/a.cpp",
                    "Poco::AutoPtr<C> c{new "
                    "Poco::Util::MapConfiguration};\nset(Poco::Channel::Ptr{new Ours});"),
              IsEmpty());
  EXPECT_THAT(check("host/runtime/clock.cpp", "auto t = std::chrono::system_clock::now();"),
              IsEmpty());
  EXPECT_THAT(
      check("plugins/accounting/a.cpp", "std::int64_t amount_minor = 1; double share = 0.5;"),
      IsEmpty());
  EXPECT_THAT(check("tests/faults/a_test.cpp", "std::this_thread::sleep_for(1ms);"), IsEmpty());
}

TEST(WordRules, RefuseWhatTheCompilersLack) {
  EXPECT_THAT(
      placesOf(check("host/app/a.cpp",
                     "std::format(\"x\");\nstd::source_location l;\nstd::expected<A, B> e;\n"
                     "std::views::filter(f);\nstd::ranges::views::all(a);\n")),
      ElementsAre("host/app/a.cpp:1", "host/app/a.cpp:2", "host/app/a.cpp:3", "host/app/a.cpp:4",
                  "host/app/a.cpp:5"));
}

TEST(WordRules, RefuseOwnershipByHand) {
  EXPECT_THAT(
      placesOf(check("host/app/a.cpp", "auto* a = new A{};\ndelete a;\ndelete[] a;\nfree(a);\n")),
      ElementsAre("host/app/a.cpp:1", "host/app/a.cpp:2", "host/app/a.cpp:3", "host/app/a.cpp:4"));
}

TEST(WordRules, YieldToAReasonBesideTheLine) {
  EXPECT_THAT(check("tests/host/a_test.cpp",
                    "sleep_for(1ms);  // allowed: the handler blocks on purpose\n"
                    "// allowed: outlives every destructor\nauto* a = new A;\n"),
              IsEmpty());
  EXPECT_THAT(
      placesOf(check("tests/host/a_test.cpp",
                     "sleep_for(1ms);  // allowed:\nauto* a = new A;\nauto* b = new B;\n")),
      ElementsAre("tests/host/a_test.cpp:1", "tests/host/a_test.cpp:2", "tests/host/a_test.cpp:3"));
}

TEST(WordRules, LetTheSdkDestroyWhatTheWaistGivesBack) {
  EXPECT_THAT(check("plugin-api/include/bulkhead/plugin.hpp", "#pragma once\ndelete door;\n"),
              IsEmpty());
  EXPECT_THAT(check("plugin-api/include/bulkhead/host.hpp", "#pragma once\ndelete door;\n"),
              SizeIs(1));
}

TEST(WordRules, RefuseTheSystemClockAndStdRegex) {
  EXPECT_THAT(check("host/app/a.cpp", "auto t = std::chrono::system_clock::now();"), SizeIs(1));
  EXPECT_THAT(check("host/http/a.cpp", "const std::regex r{\"a\"};"), SizeIs(1));
}

TEST(WordRules, RefuseSleepingAndVacuousTests) {
  EXPECT_THAT(
      placesOf(
          check("tests/host/a_test.cpp",
                "std::this_thread::sleep_for(1ms);\nusleep(5);\nEXPECT_TRUE(true);\nSUCCEED();\n")),
      ElementsAre("tests/host/a_test.cpp:1", "tests/host/a_test.cpp:2", "tests/host/a_test.cpp:3",
                  "tests/host/a_test.cpp:4"));
}

TEST(WordRules, CountMoneyInIntegers) {
  EXPECT_THAT(check("plugins/accounting/a.cpp", "double total_amount = 0;"), SizeIs(1));
  EXPECT_THAT(check("host/health/a.cpp", "double total_share = 0;"), IsEmpty());
}

TEST(WordRules, FindLeftOversInAnyFile) {
  EXPECT_THAT(check("docs/a.md",
                    "\nTO"
                    "DO: more"),
              SizeIs(1));
  EXPECT_THAT(check("tools/a",
                    "# FIX"
                    "ME"),
              SizeIs(1));
  EXPECT_THAT(check("tools/a", "mktemp name.XXXXXX"), IsEmpty());
}

TEST(WordRules, FindUnsettledMerges) {
  EXPECT_THAT(placesOf(check("host/app/a.cpp",
                             "int a;\n<<<<<<< HEAD\nint b;\n=======\nint c;\n>>>>>>> other\n")),
              ElementsAre("host/app/a.cpp:2", "host/app/a.cpp:6"));
  EXPECT_THAT(check("host/app/a.cpp", "stream <<<<<<< x;\n"), IsEmpty());
}

TEST(WordRules, WantHeadersThatAreReadOnceAndOpenNoNamespace) {
  EXPECT_THAT(placesOf(check("host/app/a.hpp", "int a;\n")), ElementsAre("host/app/a.hpp:1"));
  EXPECT_THAT(placesOf(check("host/app/a.hpp", "#pragma once\nusing namespace std;\n")),
              ElementsAre("host/app/a.hpp:2"));
}

}  // namespace
}  // namespace bulkhead::tidy
