#pragma once

#include <span>
#include <string_view>

#include "monitoring/metric_name.hpp"

namespace bulkhead::host::monitoring {

/// One metric of the host. Plugins' metrics carry their plugin's prefix and are not listed.
struct CatalogueEntry {
  std::string_view name;
  MetricKind kind;
  std::string_view help;
  std::string_view labels;  ///< separated by commas
  std::span<const double> buckets = {};
};

/// Every metric of the host, by name: what documents, dashboards and tests are made from.
std::span<const CatalogueEntry> catalogue();

/// The definition of `name`, owned by "host". Throws Error (app, METRIC_UNKNOWN) when the catalogue
/// has none.
MetricSpec specOf(std::string_view name);
MetricKind kindOf(std::string_view name);

}  // namespace bulkhead::host::monitoring
