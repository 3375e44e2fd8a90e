#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/services.hpp"

namespace bulkhead::host {

/// Where a test does not care what a plugin logs.
class SilentLog final : public LogSink {
 public:
  void write(std::string_view, int, std::string_view, std::string_view, const LogTrace&) override {}
};

/// Nor what it measures.
class SilentMetrics final : public MetricSink {
 public:
  std::uint32_t declare(std::string_view, const MetricDescription&) override { return 0; }
  void record(std::uint32_t, const std::vector<std::string_view>&, double) override {}
  void withdraw(std::span<const std::uint32_t>) override {}
};

}  // namespace bulkhead::host
