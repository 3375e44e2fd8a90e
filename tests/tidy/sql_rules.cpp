#include <fmt/format.h>
#include <re2/re2.h>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

bool isStore(std::string_view path) {
  return path.ends_with("_store.cpp") || path.ends_with("_store.hpp");
}

/// Its line, or a comment above it, says why.
bool isExcused(const std::vector<std::string_view>& lines, std::size_t index) {
  static const RE2 kComment{R"(^\s*//)"};
  static const RE2 kAllowed{R"(//\s*allowed:\s*\w+)"};
  const auto matches = [&](std::size_t at, const RE2& pattern) {
    return RE2::PartialMatch(re2::StringPiece{lines[at].data(), lines[at].size()}, pattern);
  };
  return matches(index, kAllowed) ||
         (index > 0 && matches(index - 1, kComment) && matches(index - 1, kAllowed));
}

/// Statements are written in small letters or in capitals, sentences begin with one of these.
const RE2& statement() {
  static const RE2 kStatement{
      R"re(\b((select|SELECT)\s+(\d|distinct|DISTINCT|\w+\()|)re"
      R"re((select|SELECT)\s[^;:!?]*\s(from|FROM)\s+[\w(]|)re"
      R"re((insert|INSERT|replace|REPLACE)\s+((or|OR)\s+\w+\s+)?(into|INTO)\s+\w|)re"
      R"re((delete|DELETE)\s+(from|FROM)\s+\w|)re"
      R"re((update|UPDATE)\s+((or|OR)\s+\w+\s+)?(\w+\s+)?(set|SET)\b))re"};
  return kStatement;
}

void checkSource(const File& file, Findings& findings) {
  const auto lines = linesOf(file.text);
  for (const Literal& literal : literalsOf(file.text)) {
    std::string found;
    if (!RE2::PartialMatch(literal.text, statement(), &found)) continue;
    if (isExcused(lines, static_cast<std::size_t>(literal.line) - 1)) continue;
    findings.push_back({file.path, literal.line, fmt::format("SQL: `{}`", found),
                        "statements of a plugin stand in <noun>_store.cpp"});
  }
}

}  // namespace

Findings checkSql(const Repository& repository) {
  Findings findings;
  for (const auto& file : repository.files()) {
    const bool is_code = file.path.ends_with(".cpp") || file.path.ends_with(".hpp");
    if (file.path.starts_with("plugins/") && is_code && !isStore(file.path))
      checkSource(file, findings);
  }
  return findings;
}

}  // namespace bulkhead::tidy
