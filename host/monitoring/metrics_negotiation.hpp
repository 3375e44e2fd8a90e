#pragma once

#include "runtime/message.hpp"

namespace bulkhead::host::monitoring {

enum class MetricsFormat { Json, Prometheus, OpenMetrics };

/// C1: which representation of /api/monitoring/metrics a request gets, in that order: `format`;
/// `window`; a scraper by its headers; Accept; else `fallback`. Throws Error: validation
/// VALIDATION_ERROR (400) for an unknown `format`, validation NOT_ACCEPTABLE (406) when Accept
/// allows none.
MetricsFormat negotiate(const HttpRequest& request, MetricsFormat fallback = MetricsFormat::Json);

/// For /metrics and scrapers: OpenMetrics when Accept names its version 1.0.0 (or none), else
/// Prometheus text. Never fails.
MetricsFormat negotiateText(const HttpRequest& request);

}  // namespace bulkhead::host::monitoring
