#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capabilities/capability_contract.hpp"
#include "plugins/compartment.hpp"
#include "runtime/capability_caller.hpp"

namespace bulkhead::host {

class CapabilityExchange;

/// How one call or ask ended, for metrics.
struct CapabilityRecord {
  EntryKind kind = EntryKind::Call;
  std::string_view capability;
  std::string_view call;
  std::string_view caller;
  std::string_view outcome;  ///< "answered", "refused", "mistaken", or why it was unavailable
  std::chrono::microseconds duration{0};
};

/// One capability, as operators see it.
struct CapabilityFacts {
  struct Member {
    std::string plugin;
    PluginState state = PluginState::Discovered;
    bool required = false;  ///< of who wants it: it does not start without
  };
  std::string capability;  ///< "payments/1"
  std::string summary;     ///< empty: there is no contract of it
  std::vector<Member> providers;
  std::vector<Member> consumers;
  std::vector<std::string> calls;       ///< that its contract has
  std::vector<std::string> unanswered;  ///< those of them that its provider does not answer
  std::vector<std::string> events;      ///< that its contract has
  struct Asked {
    std::string name;
    std::optional<Member> answerer{};  ///< nothing: its fall-back is the answer
  };
  std::vector<Asked> asks;  ///< that its contract has
  bool lost = false;   ///< somebody wants it, or provides it, and nobody answers at this moment
  std::string reason;  ///< then: a sentence
};

/// Where calls of capabilities meet who provides them, and asks who answers them: only equal names
/// and major versions are joined, and both sides are held to the contract. Thread-safe.
class CapabilityRouter final : public CapabilityCaller {
 public:
  using Record = std::function<void(const CapabilityRecord&)>;
  /// False for a plugin whose credentials are missing; may be empty.
  using Configured = std::function<bool(const std::string& plugin)>;

  CapabilityRouter(Configured configured, Record record);

  /// Takes in what a plugin's created home provides and which asks it answers, in place of what the
  /// plugin did, once `then` has returned: what else is to be admitted with it. Throws what that
  /// throws, or Error (configuration), and has changed nothing: CAPABILITY_REFUSED for a contract,
  /// a call or an ask that is none, CAPABILITY_CONFLICT when another plugin that is enabled, and
  /// could be started, provides or answers the same.
  void admit(const std::shared_ptr<Compartment>& compartment, const Home& home,
             const std::function<void()>& then);

  /// On the caller's thread.
  std::string call(const CapabilityCall& call) override;
  std::string ask(const CapabilityCall& ask) override;

  /// In order of their names. `compartments` are all that there are: also those that never came to
  /// be admitted are seen.
  std::vector<CapabilityFacts> facts(
      const std::vector<std::shared_ptr<Compartment>>& compartments) const;

 private:
  using Contract = std::shared_ptr<const CapabilityContract>;
  /// Who answers one capability.
  struct Provider {
    std::shared_ptr<Compartment> compartment;
    Contract contract;  ///< null: nobody has one
    std::map<std::string, std::shared_ptr<const RegisteredRoute>, std::less<>> calls;
  };
  /// Who answers one ask.
  struct Answerer {
    std::shared_ptr<Compartment> compartment;
    std::shared_ptr<const RegisteredRoute> route;
  };
  /// What a call needs of the tables, as they were when the call came.
  struct Found {
    std::shared_ptr<Compartment> compartment;  ///< null: nobody
    Contract contract;                         ///< of which `terms` are
    const CallContract* terms = nullptr;
    std::shared_ptr<const RegisteredRoute> route;  ///< null: it does not answer this one
  };

  using Providers = std::map<std::string, Provider, std::less<>>;
  using Answerers = std::map<std::string, Answerer, std::less<>>;

  Providers providersIn(const std::shared_ptr<Compartment>& compartment, const Home& home) const;
  void requireEvent(const std::string& plugin,
                    const std::map<std::string, Contract, std::less<>>& known,
                    const RegisteredRoute& listener) const;
  Answerers answerersIn(const std::shared_ptr<Compartment>& compartment, const Home& home) const;
  void requireNoOther(const Compartment& compartment, const Providers& provides,
                      const Answerers& answers) const;
  Found findProvider(const CapabilityCall& call) const;
  Found findAnswerer(const CapabilityCall& ask) const;
  std::string whyNobody(std::string_view capability) const;
  void describe(CapabilityFacts& facts) const;
  void describeAsks(const CapabilityContract& contract, CapabilityFacts& facts) const;
  std::string recorded(EntryKind kind, const CapabilityCall& call);
  std::string exchange(const CapabilityCall& call, const Found& found,
                       CapabilityRecord& record) const;
  std::string accept(const CapabilityCall& call, const Found& found, CapabilityExchange& exchange,
                     const HttpResponse& answer, CapabilityRecord& record) const;

  const Configured configured_;
  const Record record_;
  std::map<std::string, Contract, std::less<>> built_in_;
  std::mutex admitting_;  // before mutex_
  mutable std::mutex mutex_;
  Providers providers_;  // by capability
  Answerers answerers_;  // by capability and ask: "voice/1/tool_call"
};

}  // namespace bulkhead::host
