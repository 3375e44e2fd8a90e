#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "runtime/plugin_capabilities.hpp"
#include "runtime/services.hpp"

namespace bulkhead::host {

/// A plugin's call of a capability that it wants, or ask of one that it provides. Views are valid
/// during the call.
struct CapabilityCall {
  std::string_view caller;      ///< id of the plugin that calls
  std::string_view capability;  ///< "payments/1"
  std::string_view name;        ///< of the call or ask, as the capability's contract has it
  std::string_view request;     ///< JSON text
  std::chrono::steady_clock::time_point deadline;  ///< the caller's own
  LogTrace trace;
  std::uint32_t depth = 1;      ///< how many calls led here, with this one
  std::uint64_t link_call = 0;  ///< in a worker: that it is made for; 0: for none
  std::stop_token given_up{};   ///< nobody waits for the answer any more
};

/// Code of the refusal that says that nobody there can do it: at most begun and lost when its
/// details say "begun":true, else nothing has happened.
inline constexpr std::string_view kCapabilityUnavailable = "CAPABILITY_UNAVAILABLE";

/// Where a home's calls of capabilities, and its asks, go. Thread-safe.
class CapabilityCaller {
 public:
  virtual ~CapabilityCaller() = default;
  /// Waits for the provider's answer, JSON text, until the deadline at most. Throws Error: what the
  /// provider refused with, CAPABILITY_UNAVAILABLE, DEADLINE_EXCEEDED, or what is wrong with the
  /// call itself.
  virtual std::string call(const CapabilityCall& call) = 0;
  /// The same of an ask, which the one plugin answers that said so.
  virtual std::string ask(const CapabilityCall& ask) = 0;
};

/// What came of an ask: the fall-back of its contract where nobody has answered, with a word of
/// why.
struct AskOutcome {
  std::string json;
  bool is_fallback = false;
  std::string reason{};
};

/// The word for a refusal of CapabilityCaller::ask() that means that nobody has answered; nothing
/// for every other one.
std::string whyUnanswered(const Error& error);

inline Error callTooDeep() {
  return Error::app("CALL_TOO_DEEP", "Calls of capabilities lead to calls too deep.");
}

/// Throws Error (CAPABILITY_NOT_WANTED) for one that the plugin's manifest does not want.
inline void requireWanted(const PluginCapabilities& capabilities, std::string_view wanted) {
  if (capabilities.wants.contains(std::string{wanted})) return;
  throw Error::app("CAPABILITY_NOT_WANTED",
                   "plugin.json does not want '" + std::string{wanted} + "', which it calls.");
}

/// Throws Error (CAPABILITY_NOT_PROVIDED) for one that the plugin's manifest does not provide.
inline void requireProvided(const PluginCapabilities& capabilities, std::string_view provided) {
  const auto& all = capabilities.provides;
  if (std::find(all.begin(), all.end(), provided) != all.end()) return;
  throw Error::app("CAPABILITY_NOT_PROVIDED", "plugin.json does not provide '" +
                                                  std::string{provided} + "', of which it asks.");
}

/// The refusal where nobody provides anything.
inline Error noCapabilities() {
  return Error::app(kCapabilityUnavailable, "Nobody provides capabilities here.");
}

}  // namespace bulkhead::host
