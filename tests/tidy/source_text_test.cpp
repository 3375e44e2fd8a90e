#include "source_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::tidy {
namespace {

std::vector<int> lengthsOf(std::string_view text) {
  std::vector<int> lengths;
  for (const auto& function : functionsOf(text)) lengths.push_back(function.length);
  return lengths;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SourceText, BlanksCommentsAndLiteralsInPlace) {
  EXPECT_EQ(withoutCommentsAndLiterals("a; // b\nc /* d\n e */ f"), "a;     \nc     \n      f");
  EXPECT_EQ(withoutCommentsAndLiterals(R"(x = "a\"b{"; y = '{';)"), R"(x = "     "; y = ' ';)");
  EXPECT_EQ(withoutCommentsAndLiterals("r = R\"x({)\" })x\"; z"), "r = R\"         \"; z");
}

TEST(SourceText, KeepsDigitSeparatorsAndTheTextAfterThem) {
  EXPECT_EQ(withoutCommentsAndLiterals("n = 1'000'000; {"), "n = 1'000'000; {");
  EXPECT_EQ(withoutCommentsAndLiterals("n = 0xF'F; u8'{' {"), "n = 0xF'F; u8' ' {");
}

TEST(SourceText, SurvivesTextThatEndsInTheMiddle) {
  EXPECT_EQ(withoutCommentsAndLiterals("\"abc").size(), 4U);
  EXPECT_EQ(withoutCommentsAndLiterals("/* abc").size(), 6U);
  EXPECT_EQ(withoutCommentsAndLiterals("R\"x(abc").size(), 7U);
  EXPECT_THAT(functionsOf("void f() {"), ::testing::SizeIs(1));
}

TEST(SourceText, FindsIncludesOfBothKinds) {
  const auto includes =
      includesOf("#pragma once\n#include <map>\n  # include \"a/b.hpp\"\n// #include <x>\n");
  ASSERT_EQ(includes.size(), 2U);
  EXPECT_EQ(includes[0].path, "map");
  EXPECT_TRUE(includes[0].angled);
  EXPECT_EQ(includes[1].path, "a/b.hpp");
  EXPECT_EQ(includes[1].line, 3);
}

TEST(SourceText, MeasuresFunctionsInsideScopes) {
  EXPECT_THAT(
      lengthsOf("namespace a {\nclass B : public C {\n int f() const {\n return 1;\n }\n};\n}\n"),
      ElementsAre(3));
  EXPECT_THAT(lengthsOf("extern \"C\" {\nvoid f(void) {\n}\n}\n"), ElementsAre(2));
  EXPECT_THAT(lengthsOf("template <class T>\nauto f(T t) -> std::map<T, int> {\n return {};\n}\n"),
              ElementsAre(3));
}

TEST(SourceText, CountsAConstructorWithInitialisersOnce) {
  EXPECT_THAT(
      lengthsOf("A::A(int a)\n : a_{a},\n   b_{std::move(a)} {\n if (a) {\n }\n}\nvoid g() {}\n"),
      ElementsAre(4, 1));
  EXPECT_THAT(lengthsOf("A::A(B b) : b_(b) {\n}\n"), ElementsAre(2));
  EXPECT_THAT(lengthsOf("A::A(B b = {}) noexcept : b_{b} {\n}\n"), ElementsAre(2));
}

TEST(SourceText, CountsNestedBlocksAndLambdasAsTheirFunction) {
  EXPECT_THAT(lengthsOf("void f() {\n auto g = [] {\n };\n while (true) {\n }\n}\n"),
              ElementsAre(6));
  EXPECT_THAT(lengthsOf("const auto f = [](int a) {\n return a;\n};\n"), ElementsAre(3));
  EXPECT_THAT(lengthsOf("TEST(A, B) {\n\n}\n"), ElementsAre(3));
}

TEST(SourceText, TakesNoTableTypeOrMacroForAFunction) {
  EXPECT_THAT(lengthsOf("constexpr std::array<A, 2> k = {{\n{1, 2},\n{3, 4}}};\n"), IsEmpty());
  EXPECT_THAT(
      lengthsOf("enum class E : int {\n A,\n};\nstruct alignas(64) S {\n int a = f();\n};\n"),
      IsEmpty());
  EXPECT_THAT(lengthsOf("#define X(a) do { \\\n } while (0)\nint a{};\n"), IsEmpty());
}

TEST(SourceText, FindsTestsOfEveryMacro) {
  const auto tests = testsOf(
      "TEST(A, B) {}\nTEST_F(C,\n     D) {}\nTYPED_TEST(E, F) {}\nTEST_P(G, H) {}\n"
      "RC_GTEST_PROP(I, J, ()) {}\n// TEST(X, Y)\nauto s = \"TEST(X, Y)\";\n");
  std::vector<std::string> names;
  for (const auto& test : tests) names.push_back(test.suite + "." + test.name);
  EXPECT_THAT(names, ElementsAre("A.B", "C.D", "E.F", "G.H", "I.J"));
  EXPECT_EQ(tests[1].line, 3);
}

TEST(SourceText, CountsLinesThatHoldCode) {
  EXPECT_EQ(codeLinesOf("// a\n\nint a;  // b\n/* c\n d */\n}\n"), 2);
}

}  // namespace
}  // namespace bulkhead::tidy
