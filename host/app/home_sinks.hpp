#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "egress/egress.hpp"
#include "monitoring/metrics.hpp"
#include "runtime/http_sender.hpp"
#include "runtime/services.hpp"
#include "runtime/work_bell.hpp"

namespace bulkhead::host {

/// Plugins' log lines, as lines of the host's log under their own name.
class HomeLog final : public LogSink {
 public:
  void write(std::string_view plugin, int level, std::string_view message, std::string_view fields,
             const LogTrace& trace) override;
};

/// Plugins' metrics, in the host's registry under their owner.
class HomeMetrics final : public MetricSink {
 public:
  explicit HomeMetrics(monitoring::Metrics& metrics) : metrics_{metrics} {}

  std::uint32_t declare(std::string_view owner, const MetricDescription& description) override;
  void record(std::uint32_t metric, const std::vector<std::string_view>& labels,
              double value) override;
  void withdraw(std::span<const std::uint32_t> metrics) override;
  void countSanitized(std::string_view plugin, std::size_t values) override;
  /// Sanitized values by plugin, since the start.
  std::vector<std::pair<std::string, std::uint64_t>> sanitizedValues() const;

 private:
  monitoring::Metrics& metrics_;
  std::mutex changing_;  ///< before `mutex_`, which no scrape may find held for long
  mutable std::shared_mutex mutex_;
  struct Declared {
    monitoring::MetricFamily* family = nullptr;
    std::size_t uses = 0;  ///< by homes that live
  };
  std::vector<Declared> declared_;  // a family has one number, however often it is declared
  std::map<std::string, std::uint64_t, std::less<>> sanitized_;
};

/// Plugins' word that there is work, to everybody who sees to it; these outlive it.
class HomeBell final : public WorkBell {
 public:
  HomeBell(WorkBell& messages, WorkBell& jobs) : messages_{messages}, jobs_{jobs} {}

  void ring(std::string_view plugin) noexcept override {
    messages_.ring(plugin);
    jobs_.ring(plugin);
  }

 private:
  WorkBell& messages_;
  WorkBell& jobs_;
};

/// Plugins' requests to outside services, by the host's egress, which outlives it.
class HomeHttp final : public HttpSender {
 public:
  explicit HomeHttp(egress::Egress& egress) : egress_{egress} {}

  OutboundAnswer send(OutboundRequest request, const HttpCaller& caller) override;

 private:
  egress::Egress& egress_;
};

}  // namespace bulkhead::host
