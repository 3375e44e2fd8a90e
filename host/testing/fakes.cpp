#include "testing/fakes.hpp"

#include <algorithm>
#include <ctime>
#include <stdexcept>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

namespace bulkhead::testing {

void FakeClock::set(std::string_view instant) {
  std::tm parts{};
  const std::string text{instant};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr || std::string_view{end} != "Z") {
    throw std::invalid_argument{"A time is given as 2026-01-05T08:00:00Z, not " + text};
  }
  now_us_ = std::int64_t{timegm(&parts)} * 1'000'000;
}

void RecordingLog::write(std::string_view plugin, int level, std::string_view message,
                         std::string_view fields, const host::LogTrace& trace) {
  std::string line = toJson([&](JsonWriter& out) {
    out.object("plugin", plugin, "level", level, "message", message, "requestId", trace.request_id,
               "fields", RawJson{fields.empty() ? std::string_view{"{}"} : fields});
  });
  const std::lock_guard lock{mutex_};
  lines_.push_back(std::move(line));
}

std::vector<std::string> RecordingLog::lines() const {
  const std::lock_guard lock{mutex_};
  return lines_;
}

std::uint32_t CountingMetrics::declare(std::string_view,
                                       const host::MetricDescription& description) {
  const std::lock_guard lock{mutex_};
  const bool taken = std::any_of(declared_.begin(), declared_.end(),
                                 [&](const auto& other) { return other.name == description.name; });
  if (taken)
    throw Error::configuration("METRIC_EXISTS",
                               "The metric " + description.name + " is declared twice.");
  declared_.push_back(description);
  return static_cast<std::uint32_t>(declared_.size() - 1);
}

void CountingMetrics::record(std::uint32_t metric, const std::vector<std::string_view>& labels,
                             double) {
  const std::lock_guard lock{mutex_};
  if (declared_.at(metric).labels.size() != labels.size()) {
    throw Error::app("METRIC_LABELS",
                     "The metric " + declared_[metric].name + " has another number of labels.");
  }
}

void CountingMetrics::withdraw(std::span<const std::uint32_t>) {
  const std::lock_guard lock{mutex_};
  declared_.clear();
}

}  // namespace bulkhead::testing
