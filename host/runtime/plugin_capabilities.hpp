#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bulkhead::host {

/// Calls may lead to calls; this many deep.
inline constexpr std::uint32_t kCallDepthMax = 4;

/// What a contract says of an ask to who asks.
struct AskTerms {
  std::string fallback;                        ///< JSON text: the answer where nobody gives one
  std::chrono::milliseconds deadline{10'000};  ///< longest time for one
};
/// By capability and name: "voice/1/tool_call".
using AsksTerms = std::map<std::string, AskTerms, std::less<>>;

/// What a plugin's manifest says of capabilities: "payments/1".
struct PluginCapabilities {
  std::vector<std::string> provides{};
  std::map<std::string, bool> wants{};  ///< true: it does not start without
  std::string contracts{};              ///< that its file brings: a JSON array, or empty
  AsksTerms asks{};                     ///< of what it provides, as the host has looked them up
};

}  // namespace bulkhead::host
