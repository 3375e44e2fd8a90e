#include <fmt/format.h>
#include <memory>
#include <re2/re2.h>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

/// A pattern that code must not hold, and when it is right after all.
struct Ban {
  std::string_view pattern;
  std::string_view instead;
  std::vector<std::string_view> places{};   ///< where the ban holds; empty: in all code
  std::vector<std::string_view> allowed{};  ///< where it does not
  std::string_view unless{};                ///< a line that matches this is fine
};

const std::vector<Ban>& bans() {
  static const std::vector<std::string_view> kProduct{"host/", "plugin-api/", "plugins/"};
  static const std::vector<std::string_view> kMoney{"plugins/accounting/", "plugins/stripe/",
                                                    "plugins/plaid/"};
  static const std::vector<Ban> kBans{
      {R"(std::format\b)", "use fmt::format, gcc 12 has no <format>"},
      {R"(std::source_location\b)", "pass the name, clang 14 has none"},
      {R"(std::expected\b)", "throw bulkhead::Error or return an optional, gcc 12 has none"},
      {R"(std::(ranges::)?views::)", "write the loop, clang 14 cannot compile these views"},
      {R"(std::w?(regex|smatch|cmatch)\b)", "use RE2, std::regex overflows the stack", kProduct},
      // Poco's reference-counted objects are born into an AutoPtr or handed to their owner.
      {R"(\bnew(\s*\(|\s+[\w:]))",
       "use std::make_unique",
       {},
       {},
       R"(\bnew Poco::|Ptr(<.*>)?\s*[({]\s*new\b)"},
      // The SDK destroys a plugin where the waist gives its pointer back.
      {R"(\bdelete\b\s*(\[\s*\])?\s*[\w:(*])",
       "let a unique_ptr own it",
       {},
       {"plugin-api/include/bulkhead/plugin.hpp"}},
      {R"(\b(malloc|calloc|realloc|free)\s*\()", "let a container or unique_ptr own it", kProduct},
      // The clock that everybody else is passed; logs are below it.
      {R"(system_clock::now\b)",
       "ask the clock that is passed in",
       kProduct,
       {"host/logging/", "host/runtime/services.cpp"}},
      {R"(\b(sleep_for|sleep_until|usleep|nanosleep)\s*\()",
       "wait for the condition",
       {"tests/"},
       {"tests/faults/", "tests/integration/"}},
      {R"(EXPECT_TRUE\(true\)|ASSERT_TRUE\(true\)|\bSUCCEED\(\))",
       "test something that can fail",
       {"tests/"}},
      {R"(\b(double|float)\s+\w*(amount|price|total|balance|tax|money|minor|cents)\w*)",
       "count money in minor units, as integers", kMoney},
      {R"(\b(setjmp|longjmp|gets|strcpy|strcat|sprintf)\s*\()", "use the safe counterpart",
       kProduct},
  };
  return kBans;
}

bool isClockFile(std::string_view path) {
  return nameOf(path).find("clock") != std::string_view::npos;
}

bool applies(const Ban& ban, std::string_view path) {
  if (!ban.places.empty() && !isIn(path, ban.places)) return false;
  if (ban.pattern.starts_with("system_clock") && isClockFile(path)) return false;
  return !isIn(path, ban.allowed);
}

/// A ban that can be looked for.
struct Search {
  explicit Search(const Ban& wanted)
      : ban{wanted}, pattern{std::string{wanted.pattern}}, unless{std::string{wanted.unless}} {}

  bool finds(re2::StringPiece line, re2::StringPiece* found) const {
    return pattern.Match(line, 0, line.size(), RE2::UNANCHORED, found, 1) &&
           (ban.unless.empty() || !RE2::PartialMatch(line, unless));
  }

  const Ban& ban;
  RE2 pattern;
  RE2 unless;
};

std::vector<std::unique_ptr<Search>> searches() {
  std::vector<std::unique_ptr<Search>> all;
  for (const auto& ban : bans()) all.push_back(std::make_unique<Search>(ban));
  return all;
}

void checkLine(const File& file, int number, std::string_view line, Findings& findings) {
  static const auto kSearches = searches();
  static const RE2 kUsing{R"(^\s*using\s+namespace\b)"};
  const re2::StringPiece text{line.data(), line.size()};
  for (const auto& search : kSearches) {
    re2::StringPiece found;
    if (!applies(search->ban, file.path) || !search->finds(text, &found)) continue;
    findings.push_back({file.path, number, fmt::format("`{}`", std::string{found}),
                        std::string{search->ban.instead}});
  }
  if (isHeader(file.path) && RE2::PartialMatch(text, kUsing)) {
    findings.push_back({file.path, number, "`using namespace` in a header", "write the name out"});
  }
}

/// `// allowed: <reason>` on a line, or alone on the line before it, lifts the bans from it.
bool isAllowed(const std::vector<std::string_view>& lines, std::size_t index) {
  static const RE2 kHere{R"(//\s*allowed:\s*\w+)"};
  static const RE2 kBefore{R"(^\s*//\s*allowed:\s*\w+)"};
  const auto matches = [&](std::size_t at, const RE2& pattern) {
    return RE2::PartialMatch(re2::StringPiece{lines[at].data(), lines[at].size()}, pattern);
  };
  return matches(index, kHere) || (index > 0 && matches(index - 1, kBefore));
}

void checkCode(const File& file, Findings& findings) {
  const auto code = withoutCommentsAndLiterals(file.text);
  const auto code_lines = linesOf(code);
  const auto lines = linesOf(file.text);
  for (std::size_t i = 0; i < code_lines.size(); ++i) {
    if (!isAllowed(lines, i)) checkLine(file, static_cast<int>(i) + 1, code_lines[i], findings);
  }
}

void checkLeftOvers(const File& file, Findings& findings) {
  static const RE2 kLeftOver{R"(\b(TO)"
                             R"(DO|FIX)"
                             R"(ME|XX)"
                             R"(X|HA)"
                             R"(CK)\b)"};
  int number = 0;
  for (const auto line : linesOf(file.text)) {
    ++number;
    std::string word;
    if (RE2::PartialMatch(re2::StringPiece{line.data(), line.size()}, kLeftOver, &word)) {
      findings.push_back({file.path, number, fmt::format("a left-over `{}`", word),
                          "do it, or say in the text what holds"});
    }
  }
}

}  // namespace

Findings checkWords(const Repository& repository) {
  Findings findings;
  for (const auto& file : repository.files()) {
    if (isCode(file.path)) checkCode(file, findings);
    checkLeftOvers(file, findings);
    if (isHeader(file.path) && file.path.ends_with(".hpp") &&
        file.text.find("#pragma once") == std::string::npos) {
      findings.push_back({file.path, 1, "no `#pragma once`", "begin the header with it"});
    }
  }
  return findings;
}

}  // namespace bulkhead::tidy
