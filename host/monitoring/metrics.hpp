#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitoring/metric_family.hpp"

namespace bulkhead::host::monitoring {

/// Receives the samples of a metric whose values are asked for at the scrape.
using SampleSink = std::function<void(std::span<const std::string_view> labels, double value)>;
using Sampler = std::function<void(const SampleSink&)>;

/// The registry of all metrics of the process, by owner. prometheus-cpp's model is what it collects
/// into, so whatever is a prometheus::Collectable can join. Thread-safe; collecting does not stop
/// anyone who counts.
class Metrics : public prometheus::Collectable {
 public:
  Metrics();

  /// Valid as long as this object. The same definition by the same owner is the same family, also
  /// after removeOwner(): its numbers go on. Throws Error (configuration): METRIC_INVALID by
  /// requireValid(), METRIC_EXISTS naming both owners when it differs or is another's.
  MetricFamily& counter(MetricSpec spec) { return add(MetricKind::Counter, std::move(spec)); }
  MetricFamily& gauge(MetricSpec spec) { return add(MetricKind::Gauge, std::move(spec)); }
  MetricFamily& histogram(MetricSpec spec) { return add(MetricKind::Histogram, std::move(spec)); }
  MetricFamily& add(MetricKind kind, MetricSpec spec);

  /// A counter or gauge whose samples `sample` supplies at each scrape, on the scraping thread. It
  /// must not wait. A second sample with the same labels in one scrape is dropped.
  void sampled(MetricKind kind, MetricSpec spec, Sampler sample);

  /// Takes back what `owner` registered: it is shown no more, and no sampler of it runs any more
  /// when this returns. Handles stay valid.
  void removeOwner(std::string_view owner);

  /// By name, each family once.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Sampled {
    MetricKind kind;
    MetricSpec spec;
    Sampler sample;
  };

  void requireFree(const MetricSpec& spec) const;
  static prometheus::MetricFamily collect(const Sampled& sampled);
  prometheus::MetricFamily collectOverflows() const;

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::unique_ptr<MetricFamily>>, std::less<>> families_;
  std::map<std::string, Sampled, std::less<>> sampled_;
};

}  // namespace bulkhead::host::monitoring
