#pragma once

#include <bulkhead/testing/fake_wire.hpp>

#include "runtime/http_sender.hpp"
#include "testing/call_faults.hpp"

namespace bulkhead::testing {

/// The wire of a test, or the failure that CallFaults says: unavailable is NotSent, past the
/// deadline is Ambiguous, and then the service has got it. Borrows both.
class FaultyWire final : public host::HttpSender {
 public:
  FaultyWire(FakeWire& wire, CallFaults& faults) : wire_{wire}, faults_{faults} {}
  OutboundAnswer send(OutboundRequest request, const host::HttpCaller& caller) override;

 private:
  FakeWire& wire_;
  CallFaults& faults_;
};

}  // namespace bulkhead::testing
