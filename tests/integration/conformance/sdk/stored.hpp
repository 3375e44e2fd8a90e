#pragma once

#include <bulkhead/plugin.hpp>

namespace sdk_conformance {

/// Routes that read and write the store, and recover.
class Stored {
 public:
  explicit Stored(bulkhead::Registrar& host);

 private:
  void registerRoutes(bulkhead::Registrar& host) const;
  bulkhead::Response closures(const bulkhead::Request& request) const;

  const bulkhead::Host host_;
};

}  // namespace sdk_conformance
