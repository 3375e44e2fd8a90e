#include <fmt/format.h>
#include <re2/re2.h>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

bool isStore(std::string_view path) {
  return path.ends_with("_store.cpp") || path.ends_with("_store.hpp");
}

/// A comment, or a line that says why.
bool isExcused(const std::vector<std::string_view>& lines, std::size_t index) {
  static const RE2 kComment{R"(^\s*//)"};
  static const RE2 kAllowed{R"(//\s*allowed:\s*\w+)"};
  const auto matches = [&](std::size_t at, const RE2& pattern) {
    return RE2::PartialMatch(re2::StringPiece{lines[at].data(), lines[at].size()}, pattern);
  };
  return matches(index, kComment) || matches(index, kAllowed) ||
         (index > 0 && matches(index - 1, kComment) && matches(index - 1, kAllowed));
}

void checkSource(const File& file, Findings& findings) {
  static const RE2 kStatement{
      R"re("[^"]*\b((select|SELECT) \d|(select|SELECT) [\w.*, ]+ (from|FROM)\b|(insert into|INSERT INTO) \w|(delete from|DELETE FROM) \w|(update|UPDATE) \w+ (set|SET)\b))re"};
  const auto lines = linesOf(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string found;
    const re2::StringPiece line{lines[i].data(), lines[i].size()};
    if (!RE2::PartialMatch(line, kStatement, &found) || isExcused(lines, i)) continue;
    findings.push_back({file.path, static_cast<int>(i) + 1, fmt::format("SQL: `{}`", found),
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
