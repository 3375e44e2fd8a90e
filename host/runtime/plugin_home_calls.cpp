// What a plugin wants of others: outside services, capabilities.
#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "runtime/call_scope.hpp"
#include "runtime/call_stage.hpp"
#include "runtime/host_table.hpp"
#include "runtime/lane.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {
namespace {

/// Beyond an ask's own time, to be told by the host that it is over.
constexpr std::chrono::milliseconds kAskPatience{50};

}  // namespace

OutboundAnswer PluginHome::sendOutbound(bulkhead_context* context, OutboundRequest request) {
  TransactionScope::requireOutside("No outside service is called");
  if (services_.http == nullptr || creating_) throw noEgress();
  const CallStageMark stage{CallStage::Outbound};
  Lane::beforeWait();
  const bulkhead_context* const running = RunningContext::unless(context);
  HttpCaller caller{options_.plugin, deadlineOf(running)};
  if (running != nullptr && running->request != nullptr) {
    caller.trace = traceOf(*running->request);
    caller.link_call = running->request->link_call;
  }
  return services_.http->send(std::move(request), caller);
}

/// What the call that this thread works on, or was given, says of it.
void PluginHome::beginCall(bulkhead_context* context, CapabilityCall& call,
                           std::chrono::microseconds timeout) const {
  const bulkhead_context* const caller = RunningContext::unless(context);
  call.caller = options_.plugin;
  call.deadline = deadlineOf(caller);
  if (timeout.count() > 0)
    call.deadline = std::min(call.deadline, std::chrono::steady_clock::now() + timeout);
  if (caller != nullptr && caller->request != nullptr) {
    call.trace = traceOf(*caller->request);
    call.depth = caller->request->call_depth + 1;
    call.link_call = caller->request->link_call;
  }
  if (call.depth > kCallDepthMax) throw callTooDeep();
}

std::string PluginHome::callCapability(bulkhead_context* context, CapabilityCall call,
                                       std::chrono::microseconds timeout) {
  TransactionScope::requireOutside("No capability is called");
  if (services_.capabilities == nullptr || creating_) throw noCapabilities();
  requireWanted(options_.capabilities, call.capability);
  beginCall(context, call, timeout);
  return services_.capabilities->call(call);
}

AskOutcome PluginHome::askCapability(bulkhead_context* context, CapabilityCall ask,
                                     std::chrono::microseconds timeout) {
  TransactionScope::requireOutside("Nobody is asked");
  requireProvided(options_.capabilities, ask.capability);
  const auto& all = options_.capabilities.asks;
  const auto terms = all.find(fmt::format("{}/{}", ask.capability, ask.name));
  if (terms == all.end()) {
    throw Error::app("NO_SUCH_ASK",
                     fmt::format("The contract of {} has no ask '{}'.", ask.capability, ask.name));
  }
  try {
    if (services_.capabilities == nullptr || creating_) throw noCapabilities();
    beginCall(context, ask, timeout);
    ask.deadline = std::min(
        ask.deadline, std::chrono::steady_clock::now() + terms->second.deadline + kAskPatience);
    return {services_.capabilities->ask(ask)};
  } catch (const Error& error) {
    std::string reason = whyUnanswered(error);
    if (reason.empty()) throw;
    return {terms->second.fallback, true, std::move(reason)};
  }
}

}  // namespace bulkhead::host
