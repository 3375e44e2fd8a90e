#include <array>
#include <fmt/format.h>

#include "rules.hpp"

namespace bulkhead::tidy {

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
  return findings;
}

}  // namespace bulkhead::tidy
