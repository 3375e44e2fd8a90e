#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tree.hpp"

namespace bulkhead::tidy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A complete table in which `replaced` stands for the row of S1.
std::string table(std::string_view replaced) {
  auto text = fmt::format("id\tstatement\ttest\tstate\n{}\n", replaced);
  for (int i = 2; i <= 135; ++i) text += fmt::format("S{}\tholds\t\topen\n", i);
  for (int i = 1; i <= 36; ++i) text += fmt::format("C{}\tholds\t\topen\n", i);
  return text;
}

Findings check(std::string_view first_row, const std::string& test) {
  return checkRequirements(
      tree({{"docs/requirements.tsv", table(first_row)}, {"tests/host/health/a_test.cpp", test}}));
}

TEST(RequirementRules, PassATableThatAgreesWithTheTests) {
  EXPECT_THAT(check("S1\tholds\t\topen", "TEST(Health, Answers) {}"), IsEmpty());
  EXPECT_THAT(check("S1\tholds\tHealth.S1_Answers\twhole", "TEST(Health, S1_Answers) {}"),
              IsEmpty());
  EXPECT_THAT(check("S1\tholds\tHealth.S1_A, Health.S1_B\tpartly",
                    "TEST(Health, S1_A) {}\nTEST_F(Health, S1_B) {}"),
              IsEmpty());
}

TEST(RequirementRules, WantATestThatExistsAndNamesTheId) {
  EXPECT_THAT(toString(check("S1\tholds\tHealth.S1_Answers\twhole", "")),
              HasSubstr("no test is called"));
  EXPECT_THAT(
      toString(check("S1\tholds\tHealth.S11_Answers\twhole", "TEST(Health, S11_Answers) {}")),
      HasSubstr("does not name S1"));
  EXPECT_THAT(toString(check("S1\tholds\t\twhole", "")), HasSubstr("name the test"));
  EXPECT_THAT(toString(check("S1\tholds\tHealth.S1_A\topen", "TEST(Health, S1_A) {}")),
              HasSubstr("or say open"));
}

TEST(RequirementRules, WantEveryNamingTestListed) {
  EXPECT_THAT(toString(check("S1\tholds\t\topen", "\nTEST(Health, S1_Answers) {}")),
              HasSubstr("tests/host/health/a_test.cpp:2: Health.S1_Answers names S1"));
  EXPECT_THAT(toString(check("S1\tholds\t\topen", "TEST(Health, Answers_C99) {}")),
              HasSubstr("names C99"));
}

TEST(RequirementRules, WantEveryIdOnce) {
  EXPECT_THAT(toString(check("S2\tholds\t\topen", "")), HasSubstr("S2 is listed twice"));
  EXPECT_THAT(toString(check("S2\tholds\t\topen", "")), HasSubstr("S1 is missing"));
}

TEST(RequirementRules, WantFourColumnsAndAKnownState) {
  EXPECT_THAT(toString(check("S1\tholds\topen", "")), HasSubstr("four columns"));
  EXPECT_THAT(toString(check("S1\tholds\t\tdone", "")), HasSubstr("state `done`"));
  EXPECT_THAT(toString(check("S1\t\t\topen", "")), HasSubstr("no statement"));
}

TEST(RequirementRules, WantTheTableAndReasonsForSkips) {
  EXPECT_THAT(checkRequirements(tree({})), SizeIs(1));
  const auto findings =
      checkRequirements(tree({{"docs/requirements.tsv", table("S1\tholds\t\topen")},
                              {"tests/skips.txt", "# comment\nA.B\tneeds a server\nC.D\n"}}));
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].line, 3);
}

}  // namespace
}  // namespace bulkhead::tidy
