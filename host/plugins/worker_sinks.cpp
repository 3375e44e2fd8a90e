#include "plugins/worker_sinks.hpp"

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

constexpr std::string_view kLevels[] = {"DEBUG ", "INFO ", "WARN ", "ERROR ", "FATAL "};
constexpr std::size_t kLineBytesMax = std::size_t{256} * 1024;

}  // namespace

void WorkerLog::hide(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) redactor_.addSecret(secret);
}

void WorkerLog::write(std::string_view, int level, std::string_view message,
                      std::string_view fields, const LogTrace& trace) {
  const int known = level >= 0 && level < static_cast<int>(std::size(kLevels)) ? level : 1;
  if (known < box_.logLevel()) return;
  fields = fields.substr(0, kLineBytesMax);  // more than a line of the log ever shows
  message = message.substr(0, kLineBytesMax);
  std::string line{kLevels[known]};
  line.append(message).append(fields.empty() ? "" : " ").append(fields);
  std::string scratch;
  box_.addLine(redactor_.redact(line, scratch));
  std::string frame;
  writeLogLine(frame, known, message, fields, trace);
  link_.sendPatiently(frame);
}

std::uint32_t WorkerMetrics::declare(std::string_view, const MetricDescription& description) {
  const std::lock_guard lock{mutex_};
  declared_.push_back(description);
  return static_cast<std::uint32_t>(declared_.size() - 1);
}

void WorkerMetrics::record(std::uint32_t metric, const std::vector<std::string_view>& labels,
                           double value) {
  std::string kind;
  {
    const std::lock_guard lock{mutex_};
    kind = declared_.at(metric).kind;
  }
  const bool full = kind == "counter" ? gathered_.addCounter(metric, labels, value)
                    : kind == "gauge" ? gathered_.setGauge(metric, labels, value)
                                      : gathered_.observe(metric, labels, value);
  if (full) flush();
}

void WorkerMetrics::countSanitized(std::string_view, std::size_t values) {
  gathered_.addSanitized(values);
}

void WorkerMetrics::addStatement(std::string_view sql, std::chrono::microseconds duration,
                                 bool failed) {
  const bool slow = duration > box_.slowQuery();
  if (gathered_.addStatement(slow ? sql : std::string_view{}, duration, failed)) flush();
}

std::vector<MetricDescription> WorkerMetrics::declared() const {
  const std::lock_guard lock{mutex_};
  return declared_;
}

void WorkerMetrics::flush() {
  std::string frame;
  gathered_.writeTo(frame);
  if (!frame.empty()) link_.sendPatiently(frame);
}

void WorkerBell::ring(std::string_view) noexcept {
  try {
    std::string frame;
    FrameWriter{frame, FrameType::Work, 0}.finish();
    link_.send(frame);
  } catch (const std::exception&) {  // no memory: the host looks by itself
  }
}

}  // namespace bulkhead::host
