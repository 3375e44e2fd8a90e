#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host::monitoring {

enum class MetricKind { Counter, Gauge, Histogram };

/// What a metric is; fixed at its registration.
struct MetricSpec {
  std::string owner;  ///< plugin id, or "host"
  std::string name;   ///< snake_case, base unit last; a counter ends in _total
  std::string help;
  std::vector<std::string> labels;
  std::vector<double> buckets;  ///< ascending upper bounds of a histogram, without +Inf
};

/// Throws Error (configuration, METRIC_INVALID) with what is wrong and how to mend it, by the rules
/// of the formats and of promlint (ops §5.1).
void requireValid(MetricKind kind, const MetricSpec& spec);

}  // namespace bulkhead::host::monitoring
