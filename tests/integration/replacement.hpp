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

/// A host with a plugin that is there in two versions, in the life that is asked for.
class Replacement {
 public:
  explicit Replacement(std::string isolation);

  bool isReady() const { return ready_; }
  HostProcess& host() { return *host_; }
  const HostFolder& folder() const { return folder_; }
  HttpAnswer get(std::string_view path) const;
  HttpAnswer post(std::string_view path) const;
  /// Puts the file of that version ("one", "two") in place, and settings beside those of the life.
  void install(std::string_view version, std::string_view settings = "") const;
  void configure(std::string_view settings) const;
  /// POST /api/admin/plugins/changeling/{verb}.
  HttpAnswer change(std::string_view verb) const;
  /// What `GET /api/admin/plugins/changeling` says.
  nlohmann::json plugin() const { return host_->plugin("changeling"); }

 private:
  const std::string isolation_;
  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
  bool ready_ = false;
};

/// Clients that ask without a pause, each on its own, until end().
class SteadyLoad {
 public:
  SteadyLoad(const Replacement& place, std::vector<std::string> paths);
  ~SteadyLoad();
  SteadyLoad(const SteadyLoad&) = delete;
  SteadyLoad& operator=(const SteadyLoad&) = delete;

  /// Waits until so many more were answered.
  bool awaitMore(std::size_t answers) const;
  /// What was not 200, each as "STATUS BODY".
  std::vector<std::string> end();
  /// Notes that were acknowledged.
  std::size_t written() const { return written_; }

 private:
  void ask(const std::string& path);

  const Replacement& place_;
  std::atomic<bool> ended_{false};
  std::atomic<std::size_t> answered_{0};
  std::atomic<std::size_t> written_{0};
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> clients_;
};

}  // namespace bulkhead::integration
