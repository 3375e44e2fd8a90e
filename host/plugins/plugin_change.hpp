#pragma once

#include <string>
#include <string_view>

#include "plugins/plugin_state.hpp"
#include "plugins/succession.hpp"

namespace bulkhead::host {

/// What an operator's change of one plugin came to.
struct PluginChange {
  enum class Outcome { Reloaded, Started, Disabled, Released, RolledBack, Failed };

  std::string plugin;
  Outcome outcome = Outcome::Failed;
  PluginState state = PluginState::Discovered;  ///< afterwards
  std::string version{};                        ///< that runs now, or would
  SuccessionReport succession{};
  std::string old_code{};    ///< what became of it; a clause, empty when none ran
  std::string kept_store{};  ///< the file of the copy that a pause kept; empty: none

  bool succeeded() const noexcept { return outcome < Outcome::RolledBack; }
};

/// "reloaded", "rolled_back".
constexpr std::string_view nameOf(PluginChange::Outcome outcome) noexcept {
  constexpr std::string_view kNames[] = {"reloaded", "started",     "disabled",
                                         "released", "rolled_back", "failed"};
  return kNames[static_cast<std::size_t>(outcome)];
}

}  // namespace bulkhead::host
