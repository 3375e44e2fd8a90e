#pragma once

#include <bulkhead/plugin.hpp>

#include "signatures.hpp"
#include "slot_finder.hpp"

namespace booking {

/// GET /slots and /slots/next. Lives as long as the routes.
class SlotRoutes {
 public:
  SlotRoutes(bulkhead::Registrar& host, SlotFinder& finder, Signatures& signatures);

 private:
  bulkhead::Response find(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  bulkhead::Response next(const bulkhead::Request& request, bulkhead::ReadTransaction& read) const;
  Instant now() const { return std::chrono::floor<seconds>(host_.now()); }

  const bulkhead::Host host_;
  SlotFinder& finder_;
  Signatures& signatures_;
};

}  // namespace booking
