#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "rules.hpp"

namespace bulkhead::tidy {

/// A small tree for trying a rule: paths and texts.
inline Repository tree(std::vector<File> files) {
  return Repository{std::move(files)};
}

/// Findings as `path:line`, sorted, to compare with what a tree was made to break.
inline std::vector<std::string> placesOf(const Findings& findings) {
  std::vector<std::string> places;
  for (const auto& finding : findings) {
    places.push_back(finding.path + ":" + std::to_string(finding.line));
  }
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace bulkhead::tidy
