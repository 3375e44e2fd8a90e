#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::host {

/// The files of plugin-api/capabilities/ as they were when this was built: name and text.
/// Generated.
std::vector<std::pair<std::string_view, std::string_view>> builtInContractTexts();

}  // namespace bulkhead::host
