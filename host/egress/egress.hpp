#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <bulkhead/error.hpp>
#include <bulkhead/outbound.hpp>

#include "egress/egress_options.hpp"

namespace bulkhead::host::egress {

class OutboundLoop;

/// Every request that the host makes to others, on one thread: a caller that waits costs no thread
/// here, and connections are kept for all of them (docs/decisions/0026). Each request ends by its
/// deadline, whatever its peer does, and its outcome says whether the service can have got it.
/// Thread-safe.
class Egress {
 public:
  /// Called once, on any thread; must not wait.
  using Done = std::function<void(OutboundAnswer)>;

  /// Throws Error (configuration, EGRESS_NETWORK, EGRESS_CA_FILE).
  explicit Egress(EgressOptions options);
  /// Ends what is on its way: NotSent or Ambiguous, SHUTTING_DOWN.
  ~Egress();
  Egress(const Egress&) = delete;
  Egress& operator=(const Egress&) = delete;

  /// Sends the request and tells `done` what came of it.
  void begin(OutboundRequest request, OutboundCaller caller, Done done);
  /// The same for a caller that waits; returns by its deadline, and soon once it is given up.
  OutboundAnswer send(OutboundRequest request, OutboundCaller caller);
  /// Requests that are on their way.
  std::size_t inFlight() const noexcept;

 private:
  const std::unique_ptr<OutboundLoop> loop_;
};

}  // namespace bulkhead::host::egress
