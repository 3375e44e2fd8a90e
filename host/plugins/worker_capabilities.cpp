#include "plugins/worker_capabilities.hpp"

namespace bulkhead::host {
namespace {

/// Of the names, neither of which has a line feed.
constexpr char kSeparator = '\n';

}  // namespace

std::string WorkerCapabilities::call(const CapabilityCall& call) {
  return send(HostAskKind::CallCapability, call);
}

std::string WorkerCapabilities::ask(const CapabilityCall& ask) {
  return send(HostAskKind::AskCapability, ask);
}

std::string WorkerCapabilities::send(HostAskKind kind, const CapabilityCall& call) {
  std::string names{call.capability};
  names += kSeparator;
  names += call.name;
  return asks_.ask({kind, call.deadline, call.link_call, names, call.request}).body;
}

CapabilityCall capabilityCallIn(const HostAsk& ask, HomeCall* made_for, std::string_view caller,
                                const std::stop_token& given_up) {
  const auto end = ask.head.find(kSeparator);
  CapabilityCall call;
  call.caller = caller;
  call.capability = ask.head.substr(0, end);
  if (end != std::string_view::npos) call.name = ask.head.substr(end + 1);
  call.request = ask.body;
  call.deadline = ask.deadline;
  if (made_for != nullptr) {
    call.trace = traceOf(made_for->request());
    call.depth = made_for->request().call_depth + 1;
  }
  call.given_up = given_up;
  return call;
}

}  // namespace bulkhead::host
