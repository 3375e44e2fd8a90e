#pragma once

#include <bulkhead/plugin.hpp>

namespace sdk_conformance {

/// Routes whose bodies go piece by piece.
class Pieces {
 public:
  explicit Pieces(bulkhead::Registrar& host);
};

}  // namespace sdk_conformance
