#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host_process.hpp"

namespace bulkhead::integration {

/// A host with a plugin that attacks its own process and one that does no harm, which is in a worker.
class Assault {
 public:
  /// More lines of the attacker's settings, and where it lives.
  explicit Assault(std::string_view settings = "", std::string_view isolation = "worker");
  ~Assault();
  Assault(const Assault&) = delete;
  Assault& operator=(const Assault&) = delete;

  bool isReady() const { return ready_; }
  HttpAnswer get(std::string_view path) const;
  /// With a key it may be done again, without one nobody may.
  HttpAnswer post(std::string_view path, std::string_view key = {}) const;
  /// What the host says of a plugin.
  nlohmann::json plugin(std::string_view id = "assailant") const { return host_->plugin(id); }
  /// Waits until the attacker runs in that generation.
  bool awaitGeneration(std::uint64_t number) const;
  /// The process that it lives in, by what it says itself.
  pid_t worker() const;
  /// The newest crash record, as `crash show` prints it.
  std::string record() const;
  /// Asks the harmless plugin again and again until stopLoad(), which says how many were not
  /// answered as they should be; an own path of the attacker where one is given.
  void beginLoad(std::string_view path = {});
  std::size_t stopLoad();
  std::size_t loadAnswered() const { return answered_; }
  /// What the first one that failed was answered.
  std::string firstFailure() const;

  HostProcess& host() { return *host_; }
  const HostFolder& folder() const { return folder_; }

 private:
  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
  bool ready_ = false;
  std::atomic<bool> loading_{false};
  std::atomic<std::size_t> answered_{0};
  std::atomic<std::size_t> failed_{0};
  mutable std::mutex mutex_;
  std::string first_failure_;
  std::vector<std::thread> loads_;
};

}  // namespace bulkhead::integration
