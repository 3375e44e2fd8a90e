#pragma once

#include <bulkhead/plugin.hpp>

namespace sdk_conformance {

/// Routes that show requests, refusals, time, randomness, log lines and metrics.
class Shown {
 public:
  explicit Shown(bulkhead::Registrar& host);

 private:
  bulkhead::Response show(const bulkhead::Request& request) const;
  bulkhead::Response showTime(const bulkhead::Request& request) const;
  bulkhead::Response record() const;

  const bulkhead::Host host_;
  const bulkhead::Metric events_;
  const bulkhead::Metric level_;
  const bulkhead::Metric duration_;
};

}  // namespace sdk_conformance
