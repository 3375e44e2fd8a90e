#include "monitoring/metrics.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <thread>

#include <bulkhead/error.hpp>

#include "host/monitoring/exposition_checker.hpp"
#include "monitoring/exposition.hpp"

namespace bulkhead::host::monitoring {
namespace {

bool contains(const Metrics& metrics, std::string_view line) {
  return ("\n" + prometheusText(metrics.Collect())).find("\n" + std::string{line} + "\n") !=
         std::string::npos;
}

TEST(Metrics, CountersAreThereAtZeroAndNeverGoBack) {
  Metrics metrics;
  const Counter calls = metrics.counter({"p", "calls_total", "Calls", {}, {}}).counter();
  EXPECT_TRUE(contains(metrics, "calls_total 0"));
  calls.add();
  calls.add(2.5);
  calls.add(-1);
  calls.add(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(contains(metrics, "calls_total 3.5"));
}

TEST(Metrics, LabelledSeriesAreKeptApart) {
  Metrics metrics;
  MetricFamily& family = metrics.counter({"p", "calls_total", "Calls", {"a", "b"}, {}});
  family.counter({"x", "y"}).add();
  family.counter({"xy", ""}).add(2);
  family.counter({"x", "y"}).add();
  EXPECT_TRUE(contains(metrics, R"(calls_total{a="x",b="y"} 2)"));
  EXPECT_TRUE(contains(metrics, R"(calls_total{a="xy"} 2)")) << "an empty value is no label";
  EXPECT_THROW(family.counter({"x"}), Error);
}

TEST(Metrics, GaugesSetAndAdd) {
  Metrics metrics;
  const Gauge open = metrics.gauge({"p", "open", "Open", {}, {}}).gauge();
  open.set(5);
  open.add(-2);
  EXPECT_TRUE(contains(metrics, "open 3"));
}

TEST(Metrics, HistogramBoundsAreInclusiveAndCumulative) {
  Metrics metrics;
  const Histogram wait = metrics.histogram({"p", "wait_seconds", "Wait", {}, {0.5, 1}}).histogram();
  for (const double value : {0.5, 0.6, 1.0, 7.0}) wait.observe(value);
  wait.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(contains(metrics, R"(wait_seconds_bucket{le="0.5"} 1)"));
  EXPECT_TRUE(contains(metrics, R"(wait_seconds_bucket{le="1"} 3)"));
  EXPECT_TRUE(contains(metrics, R"(wait_seconds_bucket{le="+Inf"} 4)"));
  EXPECT_TRUE(contains(metrics, "wait_seconds_sum 9.1"));
  EXPECT_TRUE(contains(metrics, "wait_seconds_count 4"));
}

TEST(Metrics, Above2000SeriesTheRestIsOneOverflowSeries) {
  Metrics metrics;
  MetricFamily& family = metrics.counter({"p", "calls_total", "Calls", {"user"}, {}});
  EXPECT_TRUE(contains(metrics, R"(metrics_label_overflow_total{metric="calls_total"} 0)"));
  for (int i = 0; i < 2500; ++i) family.counter({std::to_string(i)}).add();
  EXPECT_TRUE(contains(metrics, R"(calls_total{user="__overflow__"} 500)"));
  EXPECT_TRUE(contains(metrics, R"(metrics_label_overflow_total{metric="calls_total"} 500)"));
  EXPECT_EQ(family.collect().metric.size(), 2001U);
  family.counter({"7"}).add();
  EXPECT_TRUE(contains(metrics, R"(calls_total{user="7"} 2)")) << "known ones go on";
}

TEST(Metrics, BrokenLabelBytesAreRepairedIntoOneSeries) {
  Metrics metrics;
  MetricFamily& family = metrics.counter({"p", "calls_total", "Calls", {"user"}, {}});
  family.counter({"a\xFE"}).add();
  family.counter({"a\xFF"}).add();
  family.counter({"quote\" back\\ line\n"}).add();
  const std::string text = prometheusText(metrics.Collect());
  EXPECT_EQ(exposureFaults(text), std::vector<std::string>{});
  EXPECT_TRUE(contains(metrics, "calls_total{user=\"a\xEF\xBF\xBD\"} 2"));
  EXPECT_TRUE(contains(metrics, R"(calls_total{user="quote\" back\\ line\n"} 1)"));
}

TEST(Metrics, ANameBelongsToOneOwner) {
  Metrics metrics;
  metrics.counter({"stripe", "calls_total", "Calls", {}, {}});
  try {
    metrics.counter({"plaid", "calls_total", "Calls", {}, {}});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "METRIC_EXISTS");
    EXPECT_NE(error.message().find("stripe"), std::string::npos);
    EXPECT_NE(error.message().find("plaid"), std::string::npos);
  }
  EXPECT_THROW(metrics.counter({"stripe", "calls_total", "Calls", {"label"}, {}}), Error)
      << "label sets are fixed";
  EXPECT_NO_THROW(metrics.counter({"stripe", "calls_total", "Calls", {}, {}})) << "the same again";
}

TEST(Metrics, RemoveOwnerTakesAllBackAndAReloadGoesOnCounting) {
  Metrics metrics;
  const Counter calls = metrics.counter({"stripe", "calls_total", "Calls", {}, {}}).counter();
  bool sampled_while_removed = false;
  bool removed = false;
  metrics.sampled(MetricKind::Gauge, {"stripe", "open", "Open", {}, {}},
                  [&](const SampleSink& sink) {
                    sampled_while_removed = sampled_while_removed || removed;
                    sink({}, 1);
                  });
  metrics.counter({"plaid", "others_total", "Others", {}, {}});
  calls.add(3);
  EXPECT_TRUE(contains(metrics, "open 1"));
  metrics.removeOwner("stripe");
  removed = true;
  const std::string text = prometheusText(metrics.Collect());
  EXPECT_EQ(text.find("calls_total"), std::string::npos);
  EXPECT_EQ(text.find("open"), std::string::npos);
  EXPECT_NE(text.find("others_total"), std::string::npos);
  EXPECT_FALSE(sampled_while_removed);

  calls.add();
  metrics.counter({"stripe", "calls_total", "Calls", {}, {}}).counter().add();
  EXPECT_TRUE(contains(metrics, "calls_total 5")) << "a counter never goes back";
}

TEST(Metrics, AnotherOwnerMayTakeAWithdrawnName) {
  Metrics metrics;
  metrics.counter({"a", "calls_total", "Calls", {}, {}}).counter().add(9);
  metrics.removeOwner("a");
  metrics.counter({"b", "calls_total", "Calls", {}, {}}).counter().add();
  EXPECT_TRUE(contains(metrics, "calls_total 1"));
  EXPECT_THROW(metrics.counter({"a", "calls_total", "Calls", {}, {}}), Error);
}

TEST(Metrics, ASamplerThatRepeatsItselfMakesNoDuplicate) {
  Metrics metrics;
  metrics.sampled(MetricKind::Gauge, {"p", "open", "Open", {"x"}, {}}, [](const SampleSink& sink) {
    const std::string_view label = "a";
    sink({&label, 1}, 1);
    sink({&label, 1}, 2);
    sink({}, 3);
  });
  EXPECT_EQ(exposureFaults(prometheusText(metrics.Collect())), std::vector<std::string>{});
  EXPECT_TRUE(contains(metrics, R"(open{x="a"} 1)"));
}

TEST(Metrics, ScrapesWhileThreadsCountAndAddSeriesAreAlwaysStrict) {
  Metrics metrics;
  MetricFamily& calls = metrics.counter({"p", "calls_total", "Calls", {"n"}, {}});
  MetricFamily& waits = metrics.histogram({"p", "wait_seconds", "Wait", {"n"}, {0.1, 1}});
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        calls.counter({std::to_string((i * 3 + t) % 300)}).add();
        waits.histogram({std::to_string(i % 20)}).observe(i % 3);
      }
    });
  }
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(exposureFaults(prometheusText(metrics.Collect())), std::vector<std::string>{});
  stop = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace bulkhead::host::monitoring
