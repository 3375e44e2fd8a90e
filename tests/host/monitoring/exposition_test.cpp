#include "monitoring/exposition.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "host/monitoring/exposition_checker.hpp"

namespace bulkhead::host::monitoring {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily counter(double value) {
  MetricFamily family{"calls_total", "Calls \\ \"so far\"\nof all", MetricType::Counter, {}};
  ClientMetric metric;
  metric.label = {{"a", "x\"y\\z\n"}, {"b", ""}};
  metric.counter.value = value;
  family.metric.push_back(metric);
  return family;
}

MetricFamily histogram() {
  MetricFamily family{"wait_seconds", "Wait", MetricType::Histogram, {}};
  ClientMetric metric;
  metric.histogram = {3, 2.5, {{1, 0.005}, {2, 10}}};
  family.metric.push_back(metric);
  return family;
}

TEST(PrometheusText, EscapesAndNamesByTheFormat) {
  EXPECT_EQ(prometheusText({counter(3)}),
            "# HELP calls_total Calls \\\\ \"so far\"\\nof all\n"
            "# TYPE calls_total counter\n"
            "calls_total{a=\"x\\\"y\\\\z\\n\"} 3\n");
}

TEST(PrometheusText, AHistogramAlwaysHasItsInfinity) {
  const std::string text = prometheusText({histogram()});
  EXPECT_EQ(exposureFaults(text), std::vector<std::string>{});
  EXPECT_NE(text.find("wait_seconds_bucket{le=\"+Inf\"} 3\n"), std::string::npos);
}

TEST(PrometheusText, NumbersOfAnyKind) {
  MetricFamily family{"g", "G", MetricType::Gauge, {}};
  const double values[] = {0.1,
                           1e300,
                           -0.0,
                           std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()};
  int i = 0;
  for (const double value : values) {
    ClientMetric metric;
    metric.label = {{"i", std::to_string(i++)}};
    metric.gauge.value = value;
    family.metric.push_back(metric);
  }
  const std::string text = prometheusText({family});
  EXPECT_EQ(exposureFaults(text), std::vector<std::string>{});
  for (const std::string_view part : {"} 0.1\n", "} 1e+300\n", "} +Inf\n", "} -Inf\n", "} NaN\n"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST(PrometheusText, AFamilyWithoutSamplesIsLeftOut) {
  EXPECT_EQ(prometheusText({MetricFamily{"empty", "E", MetricType::Gauge, {}}}), "");
}

TEST(OpenMetricsText, TwoNameFormsUnitsCanonicalNumbersAndEof) {
  EXPECT_EQ(openMetricsText({counter(3), histogram()}),
            "# TYPE calls counter\n"
            "# HELP calls Calls \\\\ \\\"so far\\\"\\nof all\n"
            "calls_total{a=\"x\\\"y\\\\z\\n\"} 3.0\n"
            "# TYPE wait_seconds histogram\n"
            "# UNIT wait_seconds seconds\n"
            "# HELP wait_seconds Wait\n"
            "wait_seconds_bucket{le=\"0.005\"} 1\n"
            "wait_seconds_bucket{le=\"10.0\"} 2\n"
            "wait_seconds_bucket{le=\"+Inf\"} 3\n"
            "wait_seconds_sum 2.5\n"
            "wait_seconds_count 3\n"
            "# EOF\n");
}

}  // namespace
}  // namespace bulkhead::host::monitoring
