#pragma once

#include <map>
#include <string>
#include <vector>

#include "plugins/manifest.hpp"

namespace bulkhead::host {

/// In which order plugins start, and which cannot.
struct StartOrder {
  /// Ids, sorted in each step. What a plugin requires is provided in a step before its own, so that
  /// those of one step may start at the same time.
  std::vector<std::vector<std::string>> steps;
  std::map<std::string, std::string> blocked;  ///< id to reason: a sentence for a person
};

/// Orders plugins by the capabilities they require, each as early as possible. Blocked are:
/// a plugin that requires what nobody provides (the reason names a provider of another major
/// version), those in a circle of requirements (it is named), and those that require a blocked
/// one. Optional wants neither order nor block.
StartOrder startOrder(const std::vector<Manifest>& manifests);

}  // namespace bulkhead::host
