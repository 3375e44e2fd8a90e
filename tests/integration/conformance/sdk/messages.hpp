#pragma once

#include <bulkhead/plugin.hpp>

namespace sdk_conformance {

/// Calls, events and asks of a capability whose two ends are here, and an inbox.
class Messages {
 public:
  explicit Messages(bulkhead::Registrar& host);

 private:
  void provide(bulkhead::Registrar& host) const;
  void registerRoutes(bulkhead::Registrar& host);
  bulkhead::Response call(const bulkhead::Request& request) const;
  bulkhead::Response ask(const bulkhead::Request& request) const;
  bulkhead::Response publish(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
  const bulkhead::Capability reflection_;
  const bulkhead::AskSource asks_;
  const bulkhead::EventSource events_;
  const bulkhead::Inbox slips_;
  const bulkhead::Inbox errands_;
};

}  // namespace sdk_conformance
