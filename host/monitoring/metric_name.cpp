#include "monitoring/metric_name.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <bulkhead/error.hpp>

namespace bulkhead::host::monitoring {
namespace {

constexpr std::array<std::string_view, 4> kDerivedSuffixes{"_bucket", "_count", "_sum", "_created"};
constexpr std::array<std::string_view, 22> kWrongUnits{
    "s",    "ms",   "us",     "ns",     "sec",       "b",           "kb",    "mb",
    "gb",   "tb",   "pb",     "m",      "h",         "d",           "hours", "minutes",
    "days", "bits", "millis", "micros", "kilobytes", "milliseconds"};

[[noreturn]] void refuse(const MetricSpec& spec, std::string_view what) {
  throw Error::configuration("METRIC_INVALID", "Metric '" + spec.name + "': " + std::string{what});
}

bool isSnakeCase(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool hasWrongUnit(std::string_view name) {
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find('_', begin), name.size());
    const auto word = name.substr(begin, end - begin);
    if (std::find(kWrongUnits.begin(), kWrongUnits.end(), word) != kWrongUnits.end()) return true;
    begin = end + 1;
  }
  return false;
}

void requireValidName(MetricKind kind, const MetricSpec& spec) {
  if (!isSnakeCase(spec.name)) refuse(spec, "the name must be lower-case snake_case.");
  if (spec.name.ends_with("_total") != (kind == MetricKind::Counter))
    refuse(spec, "a counter ends in _total, and nothing else does.");
  for (const auto suffix : kDerivedSuffixes) {
    if (spec.name.ends_with(suffix)) refuse(spec, "the suffix belongs to derived series.");
  }
  if (hasWrongUnit(spec.name)) refuse(spec, "use a base unit: seconds or bytes.");
  if (spec.help.empty()) refuse(spec, "it needs a help text.");
}

void requireValidLabels(const MetricSpec& spec) {
  std::set<std::string_view> seen;
  for (const auto& label : spec.labels) {
    const bool reserved = label.starts_with("__") || label == "le" || label == "quantile";
    if (!isSnakeCase(label) || reserved) refuse(spec, "label '" + label + "' is not allowed.");
    if (!seen.insert(label).second) refuse(spec, "label '" + label + "' is there twice.");
  }
}

void requireValidBuckets(MetricKind kind, const MetricSpec& spec) {
  if ((kind == MetricKind::Histogram) == spec.buckets.empty())
    refuse(spec, "a histogram has buckets, and nothing else does.");
  const bool finite = std::all_of(spec.buckets.begin(), spec.buckets.end(),
                                  [](double bound) { return std::isfinite(bound); });
  const bool ascending = std::adjacent_find(spec.buckets.begin(), spec.buckets.end(),
                                            std::greater_equal<>{}) == spec.buckets.end();
  if (!finite || !ascending || spec.buckets.size() > 100)
    refuse(spec, "buckets are at most 100 finite bounds in ascending order.");
}

}  // namespace

void requireValid(MetricKind kind, const MetricSpec& spec) {
  requireValidName(kind, spec);
  requireValidLabels(spec);
  requireValidBuckets(kind, spec);
}

}  // namespace bulkhead::host::monitoring
