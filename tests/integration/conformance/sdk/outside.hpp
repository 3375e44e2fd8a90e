#pragma once

#include <bulkhead/plugin.hpp>

namespace sdk_conformance {

/// A route that sends requests to the outside.
class Outside {
 public:
  explicit Outside(bulkhead::Registrar& host);

 private:
  bulkhead::Response send(const bulkhead::Request& request) const;

  const bulkhead::Host host_;
};

}  // namespace sdk_conformance
