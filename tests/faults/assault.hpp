#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "host_process.hpp"
#include "small_disk.hpp"
#include "steady_client.hpp"

namespace bulkhead::integration {

/// A host with a plugin that attacks its own process and one that does no harm, which is in a
/// worker.
class Assault {
 public:
  /// More lines of the attacker's settings, and where it lives; with a disk of that size alone for
  /// the host's data, where one is given.
  explicit Assault(std::string_view settings = "", std::string_view isolation = "worker",
                   std::size_t disk_bytes = 0);
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
  std::size_t loadAnswered() const;
  /// What the first one that failed was answered.
  std::string firstFailure() const;

  /// Puts another file in the attacker's place: its own, after `change`.
  void replaceFile(const std::function<void(const std::filesystem::path&)>& change) const;
  HttpAnswer reload() const;
  /// Kills its worker, and has the next one at once, whatever its budget says; false when none
  /// came.
  bool restart() const;
  /// The processes of all workers, as the kernel has them.
  std::vector<pid_t> workers() const;
  const faults::SmallDisk* disk() const { return disk_ ? &*disk_ : nullptr; }

  HostProcess& host() { return *host_; }
  const HostFolder& folder() const { return folder_; }

 private:
  HostFolder folder_;
  std::optional<faults::SmallDisk> disk_;
  std::unique_ptr<HostProcess> host_;
  bool ready_ = false;
  std::vector<std::unique_ptr<SteadyClient>> clients_;
};

}  // namespace bulkhead::integration
