#pragma once

#include <string>

#include "plugins/home_call.hpp"
#include "plugins/link_host_ask.hpp"
#include "plugins/worker_asks.hpp"
#include "runtime/capability_caller.hpp"

namespace bulkhead::host {

/// A worker's calls of capabilities, and its asks: the host is asked for each.
class WorkerCapabilities final : public CapabilityCaller {
 public:
  explicit WorkerCapabilities(WorkerAsks& asks) : asks_{asks} {}

  std::string call(const CapabilityCall& call) override;
  std::string ask(const CapabilityCall& ask) override;

 private:
  std::string send(HostAskKind kind, const CapabilityCall& call);

  WorkerAsks& asks_;
};

/// The same in the host: what a worker asked, as a call of `caller`; views into all three. For whom
/// it is made, and how many calls led to it, is told by the call that the host itself has given to
/// that worker, and by no word of the worker's; null: it is made for none of them.
CapabilityCall capabilityCallIn(const HostAsk& ask, HomeCall* made_for, std::string_view caller,
                                const std::stop_token& given_up);

}  // namespace bulkhead::host
