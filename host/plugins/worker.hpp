#pragma once

#include "plugins/home_call.hpp"
#include "runtime/event_contracts.hpp"

namespace bulkhead::host {

/// A worker's whole life: takes its order over the link (kWorkerLinkDescriptor), loads the plugin,
/// creates it and does what it is asked, until it is stopped or the host is gone. Returns the exit
/// code: 0 when it was stopped. `plugin` is what the process is called. Ends the process at once
/// when the link ends.
int runWorker(const char* plugin, BodyWork bodies, EventContractsMaker events);

}  // namespace bulkhead::host
