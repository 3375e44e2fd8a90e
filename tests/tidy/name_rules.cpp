#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <re2/re2.h>
#include <set>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

const std::vector<std::string_view> kCodeFolders{"host/",  "plugin-api/", "plugins/", "tests/",
                                                 "tools/", "bench/",      "cmake/"};

/// Names with a hyphen because someone outside gave them: product names and published ids.
const std::set<std::string, std::less<>> kGivenNames{"plugin-api", "google-calendar", "bank-feed"};

const std::set<std::string, std::less<>> kHostFolders{
    "app",   "config", "http",     "plugins", "runtime", "health",       "monitoring", "data",
    "cache", "egress", "security", "logging", "testing", "capabilities", "verify"};

bool saysNothing(std::string_view word) {
  static constexpr std::array kWords{"common", "util", "utils", "misc", "manager", "managers"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// Files whose names tools and people expect as they are.
bool isConventional(std::string_view name) {
  return name == "CMakeLists.txt" || name == "README.md" || name == "Cargo.toml" ||
         name == "Cargo.lock" || name == "Makefile" || name.starts_with('.') ||
         name.ends_with("-config.cmake") || name.ends_with("-config.cmake.in");
}

void checkPart(const File& file, const std::string& part, Findings& findings) {
  static const RE2 kSnakeCase{"[a-z0-9_]+"};
  const auto stem = part.substr(0, part.find('.'));
  if (!kGivenNames.contains(stem) && !RE2::FullMatch(stem, kSnakeCase)) {
    findings.push_back({file.path, 0, fmt::format("the name {} is not snake_case", part),
                        "use small letters and underscores"});
  }
  for (const auto& word : split(stem, '_')) {
    if (saysNothing(word)) {
      findings.push_back({file.path, 0, fmt::format("the name {} says nothing", part),
                          "name it after what it holds"});
    }
  }
}

void checkPath(const File& file, Findings& findings) {
  if (!isIn(file.path, kCodeFolders)) return;
  for (const auto& part : split(file.path, '/')) {
    if (!isConventional(part)) checkPart(file, part, findings);
  }
}

void checkTypes(const File& file, Findings& findings) {
  static const RE2 kVagueType{
      R"(\b(?:class|struct)\s+(\w*(?:Manager|Utils?|Misc|Common))\b\s*[^;\s])"};
  const auto code = withoutCommentsAndLiterals(file.text);
  re2::StringPiece rest{code};
  std::string type;
  while (RE2::FindAndConsume(&rest, kVagueType, &type)) {
    const auto position = static_cast<std::size_t>(rest.data() - code.data()) - 1;
    findings.push_back({file.path, lineAt(code, position),
                        fmt::format("the type {} says nothing", type),
                        "name it after what it does"});
  }
}

}  // namespace

Findings checkNames(const Repository& repository) {
  Findings findings;
  for (const auto& file : repository.files()) {
    checkPath(file, findings);
    if (isCode(file.path)) checkTypes(file, findings);
  }
  for (const auto& folder : repository.foldersOf("host")) {
    if (!kHostFolders.contains(folder)) {
      findings.push_back(
          {"host/" + folder, 0, "a folder that the design does not name",
           "put it into one of the concerns, or add the arrow to include_rules.cpp"});
    }
  }
  return findings;
}

}  // namespace bulkhead::tidy
