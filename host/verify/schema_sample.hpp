#pragma once

#include <nlohmann/json_fwd.hpp>

namespace bulkhead::host {

/// A document that a schema of the subset accepts, as small as it may be, made from its words
/// alone: constants, lists of values, defaults, bounds, formats and the usual patterns. A guess:
/// what a schema asks for besides those (`not`, an unusual `pattern`) it may miss, so who needs to
/// know validates it.
nlohmann::json sampleOf(const nlohmann::json& schema);

}  // namespace bulkhead::host
