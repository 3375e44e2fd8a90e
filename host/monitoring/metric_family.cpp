#include "monitoring/metric_family.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include <bulkhead/error.hpp>

#include "monitoring/utf8_repair.hpp"

namespace bulkhead::host::monitoring {
namespace {

constexpr std::size_t kFirstTableSize = 16;

template <class Word>
std::uint64_t wordAt(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Fewer than eight bytes, and how many they are.
std::uint64_t endOf(std::string_view text) {
  const std::size_t size = text.size();
  if (size == 0) return 0;
  const char* const at = text.data();
  if (size >= 4)
    return wordAt<std::uint32_t>(at) << 32 ^ wordAt<std::uint32_t>(at + size - 4) ^ size << 60;
  return wordAt<std::uint8_t>(at) << 16 | wordAt<std::uint8_t>(at + size / 2) << 8 |
         wordAt<std::uint8_t>(at + size - 1) | size << 60;
}

/// Eight bytes at a time. Series are told apart by comparing them; this need only spread them.
std::size_t hashOf(std::span<const std::string_view> values) {
  std::uint64_t hash = 0;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  };
  for (std::string_view value : values) {
    for (; value.size() >= 8; value.remove_prefix(8)) mix(wordAt<std::uint64_t>(value.data()));
    mix(endOf(value));
  }
  return hash;
}

prometheus::MetricType typeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::Counter:
      return prometheus::MetricType::Counter;
    case MetricKind::Gauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::Histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

std::size_t cellsOf(MetricKind kind, const MetricSpec& spec) {
  switch (kind) {
    case MetricKind::Counter:
      return 1;
    case MetricKind::Gauge:
      return 0;
    case MetricKind::Histogram:
      return spec.buckets.size() + 2;
  }
  return 0;
}

}  // namespace

void Histogram::observe(double value) const {
  if (std::isnan(value)) return;
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  ThreadCells::add(cell_ + static_cast<CellIndex>(bucket), 1);
  ThreadCells::add(cell_ + static_cast<CellIndex>(bounds_.size()) + 1, value);
}

MetricFamily::MetricFamily(MetricKind kind, MetricSpec spec) : kind_{kind}, spec_{std::move(spec)} {
  tables_.push_back(std::make_unique<Table>(kFirstTableSize));
  table_.store(tables_.back().get());
  if (spec_.labels.empty()) insert({}, hashOf({}));
}

MetricFamily::~MetricFamily() = default;

Series& MetricFamily::at(std::span<const std::string_view> values) {
  if (values.size() != spec_.labels.size())
    throw Error::app("METRIC_LABELS", "Metric '" + spec_.name + "' got the wrong label count.");
  const std::size_t hash = hashOf(values);
  Series* found = find(*table_.load(std::memory_order_acquire), values, hash);
  return found != nullptr ? *found : add(values, hash);
}

Series& MetricFamily::add(std::span<const std::string_view> values, std::size_t hash) {
  const bool valid = std::all_of(values.begin(), values.end(), isUtf8);
  std::vector<std::string> kept;
  for (const auto value : values) kept.push_back(valid ? std::string{value} : repairUtf8(value));
  if (!valid) {
    // By its repaired values: two broken texts that look the same must be one series.
    const std::vector<std::string_view> views{kept.begin(), kept.end()};
    return at(views);
  }
  const std::lock_guard lock{mutex_};
  Series* found = find(*table_.load(std::memory_order_relaxed), values, hash);
  if (found != nullptr) return *found;
  if (series_.size() >= kSeriesMax) return overflow();
  return insert(std::move(kept), hash);
}

Series& MetricFamily::overflow() {
  overflows_.fetch_add(1, std::memory_order_relaxed);
  if (Series* existing = overflow_.load(std::memory_order_relaxed)) return *existing;
  const std::vector<std::string_view> values(spec_.labels.size(), kOverflow);
  Series* found = find(*table_.load(std::memory_order_relaxed), values, hashOf(values));
  if (found == nullptr) found = &insert({values.begin(), values.end()}, hashOf(values));
  overflow_.store(found, std::memory_order_relaxed);
  return *found;
}

Series& MetricFamily::insert(std::vector<std::string> values, std::size_t hash) {
  auto series = std::make_unique<Series>();
  series->values = std::move(values);
  series->hash = hash;
  if (const std::size_t cells = cellsOf(kind_, spec_); cells > 0)
    series->first_cell = ThreadCells::instance().allocate(cells);
  series_.push_back(std::move(series));
  Series& added = *series_.back();
  Table& table = *table_.load(std::memory_order_relaxed);
  if (series_.size() * 2 <= table.slots.size()) {
    place(table, added);
    return added;
  }
  // Readers may still walk the old table, so it stays; doubling bounds what that costs.
  tables_.push_back(std::make_unique<Table>(table.slots.size() * 2));
  for (const auto& each : series_) place(*tables_.back(), *each);
  table_.store(tables_.back().get(), std::memory_order_release);
  return added;
}

Series* MetricFamily::find(const Table& table, std::span<const std::string_view> values,
                           std::size_t hash) {
  const std::size_t mask = table.slots.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    Series* series = table.slots[i].load(std::memory_order_acquire);
    if (series == nullptr) return nullptr;
    if (series->hash == hash &&
        std::equal(values.begin(), values.end(), series->values.begin(), series->values.end()))
      return series;
  }
}

void MetricFamily::place(Table& table, Series& series) {
  const std::size_t mask = table.slots.size() - 1;
  std::size_t i = series.hash & mask;
  while (table.slots[i].load(std::memory_order_relaxed) != nullptr) i = (i + 1) & mask;
  table.slots[i].store(&series, std::memory_order_release);
}

prometheus::MetricFamily MetricFamily::collect() const {
  prometheus::MetricFamily family;
  family.name = spec_.name;
  family.help = spec_.help;
  family.type = typeOf(kind_);
  const std::lock_guard lock{mutex_};
  family.metric.reserve(series_.size());
  for (const auto& series : series_) family.metric.push_back(collect(*series));
  return family;
}

prometheus::ClientMetric MetricFamily::collect(const Series& series) const {
  prometheus::ClientMetric metric;
  for (std::size_t i = 0; i < spec_.labels.size(); ++i)
    metric.label.push_back({spec_.labels[i], series.values[i]});
  if (kind_ == MetricKind::Gauge) {
    metric.gauge.value = series.gauge.load(std::memory_order_relaxed);
    return metric;
  }
  std::vector<double> cells(cellsOf(kind_, spec_));
  ThreadCells::instance().sum(series.first_cell, cells);
  if (kind_ == MetricKind::Counter) {
    metric.counter.value = cells.front();
    return metric;
  }
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i + 1 < cells.size(); ++i) {
    cumulative += static_cast<std::uint64_t>(cells[i]);
    const bool last = i == spec_.buckets.size();
    metric.histogram.bucket.push_back(
        {cumulative, last ? std::numeric_limits<double>::infinity() : spec_.buckets[i]});
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = cells.back();
  return metric;
}

}  // namespace bulkhead::host::monitoring
