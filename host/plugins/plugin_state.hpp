#pragma once

#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

namespace bulkhead::host {

/// Where a plugin is in its life. From Missing on it is closed, and a reason says why.
enum class PluginState {
  Discovered,  ///< its file was found and its manifest read
  Verified,    ///< it survived preflight
  Starting,
  Running,
  Draining,
  Stopped,
  Missing,  ///< no file where its configuration says
  Refused,  ///< manifest, ABI, settings or schema do not fit
  Failed,   ///< start threw or took too long
  Crashed,
  Hung,
  Quarantined,  ///< died too often
  Disabled,     ///< switched off by the operator
};

/// "discovered", "verified", ... as operators read them.
constexpr std::string_view nameOf(PluginState state) noexcept {
  constexpr std::string_view kNames[] = {
      "discovered", "verified", "starting", "running", "draining",    "stopped", "missing",
      "refused",    "failed",   "crashed",  "hung",    "quarantined", "disabled"};
  return kNames[static_cast<std::size_t>(state)];
}

/// Why a plugin cannot be used. `reason()` is a sentence that a person can act on; it names the
/// file.
class PluginRefusal : public Error {
 public:
  PluginRefusal(PluginState state, std::string_view reason)
      : Error{ErrorKind::Configuration, "PLUGIN_REFUSED", reason}, state_{state} {}

  PluginState state() const noexcept { return state_; }
  const std::string& reason() const noexcept { return message(); }

 private:
  PluginState state_;
};

}  // namespace bulkhead::host
