#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::tidy {

/// The same text, byte for byte as long, with comments and the insides of string and character
/// literals turned into spaces; lines stay where they were.
std::string withoutCommentsAndLiterals(std::string_view text);

struct Literal {
  int line = 0;  ///< where it begins
  std::string text;
};

/// What stands between the quotes of string literals, comments apart; those that follow each other
/// are one.
std::vector<Literal> literalsOf(std::string_view text);

struct Include {
  int line = 0;
  std::string path;
  bool angled = false;  ///< <...> instead of "..."
};

std::vector<Include> includesOf(std::string_view text);

struct Function {
  int line = 0;    ///< of the opening brace
  int length = 0;  ///< lines from the opening to the closing brace, both counted
};

/// Bodies of functions, methods, tests and namespace-scope lambdas; what is nested in one counts as
/// part of it.
std::vector<Function> functionsOf(std::string_view text);

struct Test {
  int line = 0;
  std::string suite;
  std::string name;
};

/// The tests that GoogleTest's and rapidcheck's macros define.
std::vector<Test> testsOf(std::string_view text);

/// Lines that hold more than comments and white space.
int codeLinesOf(std::string_view text);

/// The lines of a text, without their ends.
std::vector<std::string_view> linesOf(std::string_view text);

/// 1-based line of a position.
int lineAt(std::string_view text, std::size_t position);

}  // namespace bulkhead::tidy
