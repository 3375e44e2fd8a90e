#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "logging/redactor.hpp"
#include "plugins/black_box.hpp"
#include "plugins/link.hpp"
#include "plugins/link_records.hpp"
#include "runtime/services.hpp"
#include "runtime/work_bell.hpp"

namespace bulkhead::host {

/// A worker's log: each line goes over the link, and the last ones into the black box, without
/// secrets.
class WorkerLog final : public LogSink {
 public:
  WorkerLog(Link& link, BlackBox& box) : link_{link}, box_{box} {}

  void hide(const std::vector<std::string>& secrets);
  void write(std::string_view plugin, int level, std::string_view message, std::string_view fields,
             const LogTrace& trace) override;

 private:
  Link& link_;
  BlackBox& box_;
  Redactor redactor_;
};

/// A worker's metrics: what was measured goes over the link each second, and when it is much.
class WorkerMetrics final : public MetricSink {
 public:
  explicit WorkerMetrics(Link& link, BlackBox& box) : link_{link}, box_{box} {}

  std::uint32_t declare(std::string_view owner, const MetricDescription& description) override;
  void record(std::uint32_t metric, const std::vector<std::string_view>& labels,
              double value) override;
  /// The host takes them back when it closes the plugin, and not at each end of a worker.
  void withdraw(std::span<const std::uint32_t>) override {}
  void countSanitized(std::string_view plugin, std::size_t values) override;
  void addStatement(std::string_view sql, std::chrono::microseconds duration, bool failed);

  std::vector<MetricDescription> declared() const;
  void flush();

 private:
  Link& link_;
  BlackBox& box_;
  GatheredRecords gathered_;
  mutable std::mutex mutex_;
  std::vector<MetricDescription> declared_;
};

/// A worker's word to the host that there are events or messages.
class WorkerBell final : public WorkBell {
 public:
  explicit WorkerBell(Link& link) : link_{link} {}

  void ring(std::string_view plugin) noexcept override;

 private:
  Link& link_;
};

}  // namespace bulkhead::host
