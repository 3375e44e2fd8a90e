#include <array>
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

/// A plugin's own file wires: what it answers stands in the files of its nouns.
void checkWiring(const File& file, Findings& findings) {
  static constexpr std::array kAnswers{".route(", ".provide(", ".answer("};
  const std::string code = withoutCommentsAndLiterals(file.text);
  int number = 0;
  for (const auto line : linesOf(code)) {
    ++number;
    for (const std::string_view answers : kAnswers) {
      if (line.find(answers) == std::string_view::npos) continue;
      findings.push_back({file.path, number, fmt::format("`{}` in the file that wires", answers),
                          "register it in <noun>_routes.cpp"});
    }
  }
}

}  // namespace

Findings checkPlugins(const Repository& repository) {
  static constexpr std::array kFiles{"plugin.json", "README.md", "CMakeLists.txt"};
  Findings findings;
  for (const auto& id : repository.foldersOf("plugins")) {
    const auto folder = "plugins/" + id;
    for (const auto* name : kFiles) {
      if (!repository.has(fmt::format("{}/{}", folder, name))) {
        findings.push_back({folder, 0, fmt::format("no {}", name), "every plugin has one"});
      }
    }
    if (!repository.hasFolder("tests/" + folder)) {
      findings.push_back({folder, 0, "no tests", fmt::format("put them into tests/{}", folder)});
    }
  }
  for (const auto& file : repository.files()) {
    if (file.path.starts_with("plugins/") && file.path.ends_with("_plugin.cpp"))
      checkWiring(file, findings);
  }
  return findings;
}

}  // namespace bulkhead::tidy
