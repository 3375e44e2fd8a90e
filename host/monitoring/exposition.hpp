#pragma once

#include <prometheus/metric_family.h>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host::monitoring {

inline constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Prometheus text 0.0.4 (ops §5.1). Families without a sample are left out; a label with an empty
/// value is the same as no label and is left out.
std::string prometheusText(const std::vector<prometheus::MetricFamily>& families);

/// OpenMetrics 1.0, with `# EOF`.
std::string openMetricsText(const std::vector<prometheus::MetricFamily>& families);

}  // namespace bulkhead::host::monitoring
