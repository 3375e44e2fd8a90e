#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

#include "host/plugins/built_files.hpp"
#include "plugins/plugin_state.hpp"
#include "temporary_folder.hpp"

namespace bulkhead::host::test {

/// The reason that `action` is refused with; "" when it is not.
template <class Action>
std::string refusalOf(const Action& action) {
  try {
    action();
    return {};
  } catch (const PluginRefusal& refusal) {
    return refusal.reason();
  }
}

}  // namespace bulkhead::host::test
