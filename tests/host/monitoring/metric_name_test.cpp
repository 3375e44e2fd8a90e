#include "monitoring/metric_name.hpp"

#include <gtest/gtest.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host::monitoring {
namespace {

TEST(MetricName, AcceptsWhatTheRulesAllow) {
  EXPECT_NO_THROW(
      requireValid(MetricKind::Counter, {"p", "stripe_calls_total", "Calls", {"x"}, {}}));
  EXPECT_NO_THROW(requireValid(MetricKind::Gauge, {"p", "stripe_open", "Open", {}, {}}));
  EXPECT_NO_THROW(
      requireValid(MetricKind::Histogram, {"p", "call_duration_seconds", "D", {}, {0.1, 1}}));
}

TEST(MetricName, RefusesWhatWouldBreakAScrapeOrALint) {
  struct Row {
    MetricKind kind;
    MetricSpec spec;
  };
  const Row rows[] = {{MetricKind::Counter, {"p", "calls", "Calls", {}, {}}},
                      {MetricKind::Gauge, {"p", "calls_total", "Calls", {}, {}}},
                      {MetricKind::Counter, {"p", "Calls_total", "Calls", {}, {}}},
                      {MetricKind::Counter, {"p", "calls:x_total", "Calls", {}, {}}},
                      {MetricKind::Counter, {"p", "", "Calls", {}, {}}},
                      {MetricKind::Counter, {"p", "calls_total", "", {}, {}}},
                      {MetricKind::Gauge, {"p", "duration_ms", "D", {}, {}}},
                      {MetricKind::Gauge, {"p", "open_count", "D", {}, {}}},
                      {MetricKind::Gauge, {"p", "x", "X", {"le"}, {}}},
                      {MetricKind::Gauge, {"p", "x", "X", {"__name"}, {}}},
                      {MetricKind::Gauge, {"p", "x", "X", {"a", "a"}, {}}},
                      {MetricKind::Gauge, {"p", "x", "X", {"a b"}, {}}},
                      {MetricKind::Histogram, {"p", "x_seconds", "X", {}, {}}},
                      {MetricKind::Histogram, {"p", "x_seconds", "X", {}, {2, 1}}},
                      {MetricKind::Histogram, {"p", "x_seconds", "X", {}, {1, 1}}},
                      {MetricKind::Gauge, {"p", "x", "X", {}, {1}}}};
  for (const Row& row : rows)
    EXPECT_THROW(requireValid(row.kind, row.spec), Error) << row.spec.name;
}

}  // namespace
}  // namespace bulkhead::host::monitoring
