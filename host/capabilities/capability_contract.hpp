#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/event_contracts.hpp"
#include "runtime/plugin_capabilities.hpp"
#include "runtime/schema.hpp"

namespace bulkhead::host {

/// Longest request, and longest answer, of a call or an ask: what the host parses of one.
inline constexpr std::size_t kCallBytesMax = std::size_t{1} * 1024 * 1024;

/// What both sides of one call, or ask, promise.
struct CallContract {
  std::string summary;
  Schema request;
  Schema response;
  std::set<std::string, std::less<>> errors;   ///< codes that the provider may refuse with
  std::chrono::milliseconds deadline{30'000};  ///< longest time for one
  bool safe = false;  ///< changes nothing: begun once more when its provider dies of it
  std::size_t bytes_max = kCallBytesMax;  ///< longest request, and longest answer
};

struct AskContract : CallContract {
  std::string fallback;  ///< JSON text that the response's schema accepts
};

/// What an event carries.
struct EventContract {
  std::string summary;
  Schema payload;
};

/// What is wrong with the text of a request or an answer, as the details of an error: a JSON object
/// with "errors"; nothing when it is as the schema says, and no longer than `bytes_max`.
std::optional<std::string> problemsOf(const Schema& schema, std::string_view text,
                                      std::size_t bytes_max = kCallBytesMax);

/// One capability: a JSON object with members
///   "capability"  "payments/1"
///   "summary"     one sentence
///   "calls"       {"<name>": {"summary", "request", "response", "errors", "deadline_ms", "safe",
///                 "bytes_max"}}
///   "asks"        {"<name>": {"summary", "request", "response", "errors", "deadline_ms",
///                 "bytes_max", "fallback"}}
///   "events"      {"<name>": {"summary", "payload"}}
/// with one of them at least. Schemas are of the subset that routes have. Names are
/// [a-z][a-z0-9_]{0,62}. Immutable.
class CapabilityContract {
 public:
  /// Throws Error (configuration, CAPABILITY_REFUSED) with the member that is wrong; `where` names
  /// the document.
  static CapabilityContract parse(std::string_view text, std::string_view where);

  const std::string& capability() const { return capability_; }
  const std::string& summary() const { return summary_; }
  const std::map<std::string, CallContract, std::less<>>& calls() const { return calls_; }
  const std::map<std::string, AskContract, std::less<>>& asks() const { return asks_; }
  const std::map<std::string, EventContract, std::less<>>& events() const { return events_; }
  /// Null for a call that it does not name.
  const CallContract* find(std::string_view call) const;
  /// The same for an ask.
  const AskContract* findAsk(std::string_view ask) const;
  /// The same for an event.
  const EventContract* findEvent(std::string_view event) const;

 private:
  std::string capability_;
  std::string summary_;
  std::map<std::string, CallContract, std::less<>> calls_;
  std::map<std::string, EventContract, std::less<>> events_;
  std::map<std::string, AskContract, std::less<>> asks_;
};

/// The contracts that a plugin's file brings: a JSON array of them, or empty. Throws as parse()
/// does; `whose` names the plugin.
std::vector<CapabilityContract> contractsIn(std::string_view brought, std::string_view whose);

/// Throws Error (EVENT_REFUSED) for a payload that the contract does not allow, or an event that it
/// does not have; `contract` may be null.
void checkEvent(const CapabilityContract* contract, std::string_view capability,
                std::string_view event, std::string_view payload);

/// See EventContractsMaker.
std::shared_ptr<const EventContracts> eventContracts(std::string_view brought);

/// The contracts that this program is built with: plugin-api/capabilities/. Made once.
const std::vector<CapabilityContract>& builtInContracts();

/// The contracts that the file of `plugin` brings, as it has them: a JSON array, or empty. Throws
/// Error (configuration, CAPABILITY_REFUSED).
std::vector<CapabilityContract> contractsIn(std::string_view brought, std::string_view plugin);

/// What the contracts of all that `plugin` provides say of their asks. Throws what contractsIn()
/// does.
AsksTerms askTermsOf(std::string_view plugin, const PluginCapabilities& said);

}  // namespace bulkhead::host
