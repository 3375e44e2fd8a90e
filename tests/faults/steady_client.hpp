#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

#include "host_process.hpp"

namespace bulkhead::integration {

/// A client that asks for one path again and again, without a pause, until end().
class SteadyClient {
 public:
  SteadyClient(HttpClient client, std::string path);
  ~SteadyClient();
  SteadyClient(const SteadyClient&) = delete;
  SteadyClient& operator=(const SteadyClient&) = delete;

  /// How often it was answered with 200, and with anything else or not at all.
  std::size_t answered() const { return answered_; }
  std::size_t failed() const { return failed_; }
  /// The longest time from one 200 to the next one.
  std::chrono::milliseconds longestGap() const;
  /// What the first failure was: "STATUS BODY".
  std::string firstFailure() const;
  /// Waits until so many more were answered with 200.
  bool awaitMore(std::size_t answers,
                 std::chrono::milliseconds patience = std::chrono::seconds{30}) const;
  void end();

 private:
  void ask();

  const HttpClient client_;
  const std::string path_;
  std::atomic<bool> ended_{false};
  std::atomic<std::size_t> answered_{0};
  std::atomic<std::size_t> failed_{0};
  mutable std::mutex mutex_;
  std::chrono::milliseconds longest_gap_{0};
  std::string first_failure_;
  std::thread thread_;
};

}  // namespace bulkhead::integration
