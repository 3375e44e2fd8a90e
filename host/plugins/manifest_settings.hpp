#pragma once

#include <vector>

#include "config/typed_value.hpp"
#include "plugins/strict_json.hpp"

namespace bulkhead::host {

/// Reads the `settings` of a manifest. What is wrong is added to the problems of `manifest`.
std::vector<SettingDeclaration> readSettingDeclarations(ObjectReader& manifest);

}  // namespace bulkhead::host
