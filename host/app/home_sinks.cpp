#include "app/home_sinks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>

#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

Level levelFrom(int level) {
  switch (level) {
    case BULKHEAD_LOG_DEBUG:
      return Level::Debug;
    case BULKHEAD_LOG_WARN:
      return Level::Warn;
    case BULKHEAD_LOG_ERROR:
      return Level::Error;
    case BULKHEAD_LOG_FATAL:
      return Level::Fatal;
    default:
      return Level::Info;
  }
}

/// A plugin names no buckets: its histogram's unit says which it has.
std::vector<double> bucketsFor(std::string_view name) {
  if (name.ends_with("_bytes"))
    return {256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

}  // namespace

void HomeLog::write(std::string_view plugin, int level, std::string_view message,
                    std::string_view fields, const LogTrace& trace) {
  const Level wanted = levelFrom(level);
  if (!logEnabled(wanted)) return;
  LogContext context;
  context.plugin = plugin;
  context.request_id = trace.request_id;
  context.trace_id = trace.trace_id;
  context.span_id = trace.span_id;
  context.tenant = trace.tenant;
  context.api_key_id = trace.key_id;
  const LogScope scope{context};
  if (fields.empty()) {
    log(wanted, plugin, message);
  } else {
    log(wanted, plugin, message, {{"fields", fields}});
  }
}

void HomeMetrics::countSanitized(std::string_view plugin, std::size_t values) {
  const std::unique_lock lock{mutex_};
  sanitized_.try_emplace(std::string{plugin}).first->second += values;
}

std::vector<std::pair<std::string, std::uint64_t>> HomeMetrics::sanitizedValues() const {
  const std::shared_lock lock{mutex_};
  return {sanitized_.begin(), sanitized_.end()};
}

std::uint32_t HomeMetrics::declare(std::string_view owner, const MetricDescription& description) {
  using monitoring::MetricKind;
  MetricKind kind = MetricKind::Counter;
  if (description.kind == "gauge") {
    kind = MetricKind::Gauge;
  } else if (description.kind == "histogram") {
    kind = MetricKind::Histogram;
  } else if (description.kind != "counter") {
    throw Error::configuration(
        "METRIC_INVALID",
        "A metric is a counter, a gauge or a histogram, not '" + description.kind + "'.");
  }
  monitoring::MetricSpec spec;
  spec.owner = owner;
  spec.name = description.name;
  spec.help = description.help;
  spec.labels = description.labels;
  if (kind == MetricKind::Histogram) spec.buckets = bucketsFor(spec.name);
  const std::lock_guard whole{changing_};
  monitoring::MetricFamily& family = metrics_.add(kind, std::move(spec));
  const std::unique_lock lock{mutex_};
  auto known = std::find_if(declared_.begin(), declared_.end(),
                            [&](const Declared& one) { return one.family == &family; });
  if (known == declared_.end()) known = declared_.insert(known, {&family, 0});
  ++known->uses;
  return static_cast<std::uint32_t>(known - declared_.begin());
}

void HomeMetrics::withdraw(std::span<const std::uint32_t> metrics) {
  const std::lock_guard whole{changing_};
  const std::unique_lock lock{mutex_};
  for (const std::uint32_t metric : metrics) {
    Declared& declared = declared_.at(metric);
    if (declared.uses > 0 && --declared.uses == 0) declared.family->setWithdrawn(true);
  }
}

void HomeMetrics::record(std::uint32_t metric, const std::vector<std::string_view>& labels,
                         double value) {
  monitoring::MetricFamily* family = nullptr;
  {
    const std::shared_lock lock{mutex_};
    family = declared_.at(metric).family;
  }
  switch (family->kind()) {
    case monitoring::MetricKind::Counter:
      family->counter(labels).add(value);
      break;
    case monitoring::MetricKind::Gauge:
      family->gauge(labels).set(value);
      break;
    case monitoring::MetricKind::Histogram:
      family->histogram(labels).observe(value);
      break;
  }
}

OutboundAnswer HomeHttp::send(OutboundRequest request, const HttpCaller& caller) {
  return egress_.send(
      std::move(request),
      {std::string{caller.plugin}, caller.deadline, std::string{caller.trace.request_id},
       std::string{caller.trace.trace_id}, std::string{caller.trace.tenant}, caller.given_up});
}

}  // namespace bulkhead::host
