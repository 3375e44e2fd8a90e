#include "testing/faulty_wire.hpp"

#include <bulkhead/error.hpp>

namespace bulkhead::testing {

OutboundAnswer FaultyWire::send(OutboundRequest request, const host::HttpCaller&) {
  bool dies = false;
  try {
    dies = faults_.begin("http_send");
  } catch (const Error& failure) {
    if (faults_.isDead()) throw;
    if (failure.code() != "DEADLINE_EXCEEDED")
      return httpFailure(Outcome::NotSent, "NOT_CONNECTED");
    wire_.send(request);
    return httpFailure(Outcome::Ambiguous, failure.code());
  }
  OutboundAnswer answer = wire_.send(request);
  if (dies) faults_.die();
  return answer;
}

}  // namespace bulkhead::testing
