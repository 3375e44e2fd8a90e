#pragma once

#include <bulkhead/plugin.hpp>

namespace sdk_conformance {

/// Queues whose jobs are done in a transaction, and outside of one, and a schedule.
class Chores {
 public:
  explicit Chores(bulkhead::Registrar& host);

 private:
  bulkhead::Response enqueue(const bulkhead::Request& request, bulkhead::Transaction& write) const;

  const bulkhead::Host host_;
  const bulkhead::JobQueue sums_;
  const bulkhead::JobQueue errands_;
};

}  // namespace sdk_conformance
