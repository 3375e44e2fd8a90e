#include "monitoring/metrics.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <bulkhead/error.hpp>

#include "monitoring/utf8_repair.hpp"

namespace bulkhead::host::monitoring {
namespace {

constexpr std::string_view kOverflowName = "metrics_label_overflow_total";

[[noreturn]] void refuseTaken(const MetricSpec& spec, std::string_view owner) {
  throw Error::configuration("METRIC_EXISTS", "Metric '" + spec.name + "' of '" + spec.owner +
                                                  "' is already registered by '" +
                                                  std::string{owner} + "'.");
}

bool isSame(const MetricFamily& family, MetricKind kind, const MetricSpec& spec) {
  return family.kind() == kind && family.spec().owner == spec.owner &&
         family.spec().labels == spec.labels && family.spec().buckets == spec.buckets;
}

}  // namespace

Metrics::Metrics() = default;

MetricFamily& Metrics::add(MetricKind kind, MetricSpec spec) {
  requireValid(kind, spec);
  spec.help = repairUtf8(spec.help);
  const std::lock_guard lock{mutex_};
  auto& generations = families_[spec.name];
  for (const auto& family : generations) {
    if (!isSame(*family, kind, spec)) continue;
    if (family->isWithdrawn()) requireFree(spec);
    family->setWithdrawn(false);
    return *family;
  }
  requireFree(spec);
  generations.push_back(std::make_unique<MetricFamily>(kind, std::move(spec)));
  return *generations.back();
}

void Metrics::sampled(MetricKind kind, MetricSpec spec, Sampler sample) {
  requireValid(kind, spec);
  if (kind == MetricKind::Histogram)
    throw Error::configuration("METRIC_INVALID", "A histogram cannot be sampled.");
  spec.help = repairUtf8(spec.help);
  const std::lock_guard lock{mutex_};
  requireFree(spec);
  std::string name = spec.name;
  sampled_.emplace(std::move(name), Sampled{kind, std::move(spec), std::move(sample)});
}

void Metrics::removeOwner(std::string_view owner) {
  const std::lock_guard lock{mutex_};
  for (const auto& [name, generations] : families_) {
    for (const auto& family : generations) {
      if (family->spec().owner == owner) family->setWithdrawn(true);
    }
  }
  for (auto entry = sampled_.begin(); entry != sampled_.end();)
    entry = entry->second.spec.owner == owner ? sampled_.erase(entry) : std::next(entry);
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  const std::lock_guard lock{mutex_};
  std::vector<prometheus::MetricFamily> collected;
  for (const auto& [name, generations] : families_) {
    for (const auto& family : generations) {
      if (!family->isWithdrawn()) collected.push_back(family->collect());
    }
  }
  for (const auto& [name, each] : sampled_) collected.push_back(collect(each));
  collected.push_back(collectOverflows());
  std::sort(collected.begin(), collected.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  return collected;
}

void Metrics::requireFree(const MetricSpec& spec) const {
  if (spec.name == kOverflowName) refuseTaken(spec, "host");
  if (const auto found = sampled_.find(spec.name); found != sampled_.end())
    refuseTaken(spec, found->second.spec.owner);
  const auto found = families_.find(spec.name);
  if (found == families_.end()) return;
  for (const auto& family : found->second) {
    if (!family->isWithdrawn()) refuseTaken(spec, family->spec().owner);
  }
}

prometheus::MetricFamily Metrics::collect(const Sampled& sampled) {
  prometheus::MetricFamily family;
  family.name = sampled.spec.name;
  family.help = sampled.spec.help;
  const bool counts = sampled.kind == MetricKind::Counter;
  family.type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  std::set<std::vector<std::string>> seen;
  sampled.sample([&](std::span<const std::string_view> labels, double value) {
    std::vector<std::string> values;
    for (const auto label : labels) values.push_back(repairUtf8(label));
    const bool fits =
        values.size() == sampled.spec.labels.size() && seen.size() < MetricFamily::kSeriesMax;
    if (!fits || !seen.insert(values).second) return;
    prometheus::ClientMetric metric;
    for (std::size_t i = 0; i < values.size(); ++i)
      metric.label.push_back({sampled.spec.labels[i], values[i]});
    (counts ? metric.counter.value : metric.gauge.value) = value;
    family.metric.push_back(std::move(metric));
  });
  return family;
}

prometheus::MetricFamily Metrics::collectOverflows() const {
  prometheus::MetricFamily family;
  family.name = kOverflowName;
  family.help = "Label sets folded into the overflow series";
  family.type = prometheus::MetricType::Counter;
  for (const auto& [name, generations] : families_) {
    for (const auto& each : generations) {
      if (each->isWithdrawn() || each->spec().labels.empty()) continue;
      prometheus::ClientMetric metric;
      metric.label.push_back({"metric", name});
      metric.counter.value = static_cast<double>(each->overflows());
      family.metric.push_back(std::move(metric));
    }
  }
  return family;
}

}  // namespace bulkhead::host::monitoring
