#include <algorithm>
#include <fmt/format.h>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

constexpr int kFileLines = 500;
constexpr int kHeaderCodeLines = 200;
constexpr int kFunctionLines = 70;
/// The waist as it is, and as it was: one header each, whatever it holds.
bool isWaist(std::string_view path) {
  return path.ends_with("/bulkhead/abi.h");
}

void checkFile(const File& file, Findings& findings) {
  const auto lines = static_cast<int>(std::count(file.text.begin(), file.text.end(), '\n'));
  if (isWaist(file.path)) return;
  if (lines > kFileLines) {
    findings.push_back({file.path, lines,
                        fmt::format("{} lines, {} is the limit", lines, kFileLines),
                        "find the second thing in it and give it a file"});
  }
  const int code = isHeader(file.path) ? codeLinesOf(file.text) : 0;
  if (code > kHeaderCodeLines) {
    findings.push_back(
        {file.path, 0,
         fmt::format("{} lines of code in a header, {} is the limit", code, kHeaderCodeLines),
         "move bodies to the source, or the second type to its own header"});
  }
}

void checkFunctions(const File& file, Findings& findings) {
  for (const auto& function : functionsOf(file.text)) {
    if (function.length <= kFunctionLines) continue;
    findings.push_back(
        {file.path, function.line,
         fmt::format("a function of {} lines, {} is the limit", function.length, kFunctionLines),
         "name its steps"});
  }
}

}  // namespace

Findings checkSizes(const Repository& repository) {
  Findings findings;
  for (const auto& file : repository.files()) {
    if (!isCode(file.path)) continue;
    checkFile(file, findings);
    checkFunctions(file, findings);
  }
  return findings;
}

}  // namespace bulkhead::tidy
