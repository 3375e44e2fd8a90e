#include "source_text.hpp"

#include <algorithm>
#include <cctype>
#include <re2/re2.h>

namespace bulkhead::tidy {
namespace {

bool isWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Walks C++ text once and blanks what is no code.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_{text}, code_{text} {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(code_);
  }

 private:
  void step() {
    if (text_.substr(at_).starts_with("//")) {
      blankUntil(std::min(text_.find('\n', at_), text_.size()));
    } else if (text_.substr(at_).starts_with("/*")) {
      blankUntil(endAfter("*/", at_ + 2));
    } else if (text_[at_] == '"') {
      isRaw() ? blankRaw() : blankQuoted('"');
    } else if (text_[at_] == '\'' && !isDigitSeparator()) {
      blankQuoted('\'');
    } else {
      ++at_;
    }
  }

  bool isRaw() const {
    return at_ > 0 && text_[at_ - 1] == 'R' && (at_ < 2 || !isWord(text_[at_ - 2]));
  }
  bool isDigitSeparator() const {
    return at_ > 0 && std::isxdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0 &&
           at_ + 1 < text_.size() && isWord(text_[at_ + 1]) && startsWithDigit();
  }
  bool startsWithDigit() const {
    auto start = at_;
    while (start > 0 && (isWord(text_[start - 1]) || text_[start - 1] == '\'')) --start;
    return std::isdigit(static_cast<unsigned char>(text_[start])) != 0;
  }

  void blankRaw() {
    const auto open = std::min(text_.find('(', at_), text_.size());
    const auto delimiter = text_.substr(at_ + 1, open - at_ - 1);
    const auto end = endAfter(")" + std::string{delimiter} + "\"", open);
    ++at_;
    blankUntil(end - 1);
    at_ = end;
  }

  void blankQuoted(char quote) {
    auto end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2U : 1U;
    }
    ++at_;
    blankUntil(std::min(end, text_.size()));
    at_ = std::min(end + 1, text_.size());
  }

  std::size_t endAfter(std::string_view mark, std::size_t from) const {
    const auto found = text_.find(mark, from);
    return found == std::string_view::npos ? text_.size() : found + mark.size();
  }

  void blankUntil(std::size_t end) {
    for (; at_ < end; ++at_) {
      if (text_[at_] != '\n') code_[at_] = ' ';
    }
  }

  std::string_view text_;
  std::string code_;
  std::size_t at_ = 0;
};

/// Blanks preprocessor directives with their continuation lines, whose braces need not match.
void blankDirectives(std::string& code) {
  bool continued = false;
  for (std::size_t start = 0; start < code.size();) {
    const auto end = std::min(code.find('\n', start), code.size());
    const auto first = code.find_first_not_of(" \t", start);
    const bool directive = continued || (first < end && code[first] == '#');
    continued = directive && end > start && code[end - 1] == '\\';
    if (directive)
      std::fill(code.begin() + static_cast<std::ptrdiff_t>(start),
                code.begin() + static_cast<std::ptrdiff_t>(end), ' ');
    start = end + 1;
  }
}

std::size_t matchingBrace(std::string_view code, std::size_t open) {
  int depth = 0;
  for (auto at = open; at < code.size(); ++at) {
    if (code[at] == '{') ++depth;
    if (code[at] == '}' && --depth == 0) return at;
  }
  return code.size();
}

enum class Block { Function, Scope, Value };

/// What a brace opens, told by the text since the end of the declaration before it.
Block blockAfter(std::string_view head) {
  static const RE2 kInitializer{R"(\)\s*(noexcept)?\s*:[^:](.|\n)*[\w>]\s*$)"};
  static const RE2 kConstructorBody{R"(\)\s*(noexcept)?\s*:[^:](.|\n)*[)}]\s*$)"};
  static const RE2 kFunction{
      R"(\)\s*((const|noexcept|override|final|mutable|try|&&?)\s*)*(->[^;{}=]*)?(requires[^;{}]*)?$)"};
  static const RE2 kPlainLambda{R"(=\s*\[[^\]]*\]\s*$)"};
  static const RE2 kScope{R"((^|[\s;{}>])(namespace|class|struct|union|enum|extern)\b)"};
  if (std::count(head.begin(), head.end(), '(') > std::count(head.begin(), head.end(), ')')) {
    return Block::Value;
  }
  const re2::StringPiece text{head.data(), head.size()};
  if (RE2::PartialMatch(text, kConstructorBody)) return Block::Function;
  if (RE2::PartialMatch(text, kFunction) || RE2::PartialMatch(text, kPlainLambda)) {
    return Block::Function;
  }
  if (RE2::PartialMatch(text, kInitializer)) return Block::Value;
  return RE2::PartialMatch(text, kScope) ? Block::Scope : Block::Value;
}

}  // namespace

std::string withoutCommentsAndLiterals(std::string_view text) {
  return Blanker{text}.run();
}

std::vector<Literal> literalsOf(std::string_view text) {
  const std::string code = withoutCommentsAndLiterals(text);
  std::vector<Literal> literals;
  std::size_t after = 0;
  for (auto open = code.find('"'); open != std::string::npos; open = code.find('"', after)) {
    const auto close = std::min(code.find('"', open + 1), code.size());
    const auto between = std::string_view{code}.substr(after, open - after);
    if (literals.empty() || between.find_first_not_of(" \t\r\nR") != std::string_view::npos) {
      literals.push_back({lineAt(text, open), {}});
    }
    literals.back().text += text.substr(open + 1, close - open - 1);
    after = std::min(close + 1, code.size());
  }
  return literals;
}

std::vector<Include> includesOf(std::string_view text) {
  static const RE2 kInclude{R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])"};
  std::vector<Include> includes;
  int number = 0;
  for (const auto line : linesOf(text)) {
    ++number;
    std::string open;
    std::string path;
    if (RE2::PartialMatch(re2::StringPiece{line.data(), line.size()}, kInclude, &open, &path)) {
      includes.push_back({number, path, open == "<"});
    }
  }
  return includes;
}

std::vector<Function> functionsOf(std::string_view text) {
  auto code = withoutCommentsAndLiterals(text);
  blankDirectives(code);
  std::vector<Function> functions;
  std::size_t head = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    if (code[at] == ';' || code[at] == '}') head = at + 1;
    if (code[at] != '{') continue;
    const auto block = blockAfter(std::string_view{code}.substr(head, at - head));
    if (block == Block::Scope) {
      head = at + 1;
      continue;
    }
    const auto close = matchingBrace(code, at);
    if (block == Block::Function) {
      const int first = lineAt(code, at);
      functions.push_back({first, lineAt(code, close) - first + 1});
      head = close + 1;
    }
    at = close;
  }
  return functions;
}

std::vector<Test> testsOf(std::string_view text) {
  static const RE2 kTest{
      R"((?:\b|_)(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P|GTEST_PROP|GTEST_FIXTURE_PROP)\s*\(\s*(\w+)\s*,\s*(\w+))"};
  const auto code = withoutCommentsAndLiterals(text);
  re2::StringPiece rest{code};
  std::vector<Test> tests;
  Test test;
  while (RE2::FindAndConsume(&rest, kTest, &test.suite, &test.name)) {
    test.line = lineAt(code, static_cast<std::size_t>(rest.data() - code.data()));
    tests.push_back(test);
  }
  return tests;
}

int codeLinesOf(std::string_view text) {
  const auto code = withoutCommentsAndLiterals(text);
  const auto lines = linesOf(code);
  return static_cast<int>(std::count_if(lines.begin(), lines.end(), [](std::string_view line) {
    return line.find_first_not_of(" \t\r") != std::string_view::npos;
  }));
}

std::vector<std::string_view> linesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

int lineAt(std::string_view text, std::size_t position) {
  const auto before = text.substr(0, position);
  return static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
}

}  // namespace bulkhead::tidy
