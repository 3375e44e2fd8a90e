#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/link_frame.hpp"
#include "runtime/services.hpp"

namespace bulkhead::host {

/// One line of a plugin's log on its way to the host.
void writeLogLine(std::string& out, int level, std::string_view message, std::string_view fields,
                  const LogTrace& trace);
struct LogLine {
  int level = 0;
  std::string_view message;
  std::string_view fields;
  LogTrace trace;
};
/// Views into the payload. Throws LinkError.
LogLine readLogLine(std::string_view payload);

/// What a worker measured, gathered until it is sent: counters as sums, gauges as they are now, the
/// rest one by one. Thread-safe.
class GatheredRecords {
 public:
  /// True when so much has come together that it should be sent now.
  bool addCounter(std::uint32_t metric, const std::vector<std::string_view>& labels, double value);
  bool setGauge(std::uint32_t metric, const std::vector<std::string_view>& labels, double value);
  bool observe(std::uint32_t metric, const std::vector<std::string_view>& labels, double value);
  /// A statement of the store; `sql` is empty where it was fast.
  bool addStatement(std::string_view sql, std::chrono::microseconds duration, bool failed);
  void addSanitized(std::size_t values);

  /// Writes all of it as one frame, and forgets it; nothing when there is nothing.
  void writeTo(std::string& out);

 private:
  struct Key {
    std::uint32_t metric;
    std::vector<std::string> labels;
    bool operator<(const Key& other) const {
      return metric != other.metric ? metric < other.metric : labels < other.labels;
    }
  };
  struct Statement {
    std::string sql;
    std::chrono::microseconds duration;
    bool failed;
  };

  bool fullLocked() const;

  std::mutex mutex_;
  std::map<Key, double> sums_;
  std::map<Key, double> gauges_;
  std::vector<std::pair<Key, double>> observations_;
  std::vector<Statement> statements_;
  std::uint64_t sanitized_ = 0;
};

/// Hands what a frame holds to whoever takes it. Throws LinkError.
struct RecordReceiver {
  std::function<void(std::uint32_t metric, const std::vector<std::string_view>& labels,
                     double value)>
      metric;
  std::function<void(std::string_view sql, std::chrono::microseconds duration, bool failed)>
      statement;
  std::function<void(std::size_t values)> sanitized;
};
void readRecords(std::string_view payload, const RecordReceiver& receiver);

}  // namespace bulkhead::host
