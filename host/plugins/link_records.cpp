#include "plugins/link_records.hpp"

#include <limits>
#include <utility>

#include <bulkhead/abi.h>

namespace bulkhead::host {
namespace {

constexpr std::size_t kTogether = 4096;
constexpr std::uint64_t kItemsMax = 1'000'000;
constexpr std::uint64_t kLabelsMax = 64;
constexpr std::uint64_t kHourUs = 3'600'000'000;

}  // namespace

void writeLogLine(std::string& out, int level, std::string_view message, std::string_view fields,
                  const LogTrace& trace) {
  FrameWriter frame{out, FrameType::Log, 0};
  frame.integer(level).text(message).text(fields);
  frame.text(trace.request_id).text(trace.trace_id).text(trace.span_id);
  frame.text(trace.tenant).text(trace.key_id).finish();
}

LogLine readLogLine(std::string_view payload) {
  FieldReader reader{payload};
  LogLine line;
  line.level = static_cast<int>(reader.numberUpTo(BULKHEAD_LOG_FATAL));
  line.message = reader.text();
  line.fields = reader.text();
  line.trace.request_id = reader.text();
  line.trace.trace_id = reader.text();
  line.trace.span_id = reader.text();
  line.trace.tenant = reader.text();
  line.trace.key_id = reader.text();
  reader.finish();
  return line;
}

bool GatheredRecords::fullLocked() const {
  return sums_.size() + gauges_.size() + observations_.size() + statements_.size() >= kTogether;
}

bool GatheredRecords::addCounter(std::uint32_t metric, const std::vector<std::string_view>& labels,
                                 double value) {
  const std::lock_guard lock{mutex_};
  sums_[Key{metric, {labels.begin(), labels.end()}}] += value;
  return fullLocked();
}

bool GatheredRecords::setGauge(std::uint32_t metric, const std::vector<std::string_view>& labels,
                               double value) {
  const std::lock_guard lock{mutex_};
  gauges_[Key{metric, {labels.begin(), labels.end()}}] = value;
  return fullLocked();
}

bool GatheredRecords::observe(std::uint32_t metric, const std::vector<std::string_view>& labels,
                              double value) {
  const std::lock_guard lock{mutex_};
  observations_.emplace_back(Key{metric, {labels.begin(), labels.end()}}, value);
  return fullLocked();
}

bool GatheredRecords::addStatement(std::string_view sql, std::chrono::microseconds duration,
                                   bool failed) {
  const std::lock_guard lock{mutex_};
  statements_.push_back({std::string{sql}, duration, failed});
  return fullLocked();
}

void GatheredRecords::addSanitized(std::size_t values) {
  const std::lock_guard lock{mutex_};
  sanitized_ += values;
}

void GatheredRecords::writeTo(std::string& out) {
  const std::lock_guard lock{mutex_};
  if (sums_.empty() && gauges_.empty() && observations_.empty() && statements_.empty() &&
      sanitized_ == 0)
    return;
  FrameWriter frame{out, FrameType::Records, 0};
  const auto write = [&](const Key& key, double value) {
    frame.number(key.metric).number(key.labels.size());
    for (const auto& label : key.labels) frame.text(label);
    frame.real(value);
  };
  frame.number(sums_.size() + gauges_.size() + observations_.size());
  for (const auto& [key, value] : sums_) write(key, value);
  for (const auto& [key, value] : gauges_) write(key, value);
  for (const auto& [key, value] : observations_) write(key, value);
  frame.number(statements_.size());
  for (const auto& one : statements_)
    frame.text(one.sql).integer(one.duration.count()).number(one.failed ? 1 : 0);
  frame.number(std::exchange(sanitized_, 0)).finish();
  sums_.clear();
  gauges_.clear();
  observations_.clear();
  statements_.clear();
}

void readRecords(std::string_view payload, const RecordReceiver& receiver) {
  FieldReader reader{payload};
  std::vector<std::string_view> labels;
  for (std::uint64_t left = reader.numberUpTo(kItemsMax); left > 0; --left) {
    const auto metric =
        static_cast<std::uint32_t>(reader.numberUpTo(std::numeric_limits<std::uint32_t>::max()));
    labels.clear();
    for (std::uint64_t label = reader.numberUpTo(kLabelsMax); label > 0; --label)
      labels.push_back(reader.text());
    receiver.metric(metric, labels, reader.real());
  }
  for (std::uint64_t left = reader.numberUpTo(kItemsMax); left > 0; --left) {
    const std::string_view sql = reader.text();
    const std::chrono::microseconds duration{reader.numberUpTo(kHourUs)};
    receiver.statement(sql, duration, reader.flag());
  }
  receiver.sanitized(reader.number());
  reader.finish();
}

}  // namespace bulkhead::host
