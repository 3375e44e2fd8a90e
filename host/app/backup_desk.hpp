#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <bulkhead/error.hpp>

#include "app/route_catalog.hpp"
#include "data/backup.hpp"

namespace bulkhead::host {

/// Backups of the running host, one at a time, each on a thread of its own:
///   POST /api/admin/backups        {"directory": "/absolute"}: 202, or 409 BACKUP_RUNNING
///   GET  /api/admin/backups/last   state "running", "done" or "failed", and what there is to tell
/// For the admin socket alone: the directory is any that the host may write.
class BackupDesk {
 public:
  /// Makes the order of a backup to that directory; called on the desk's thread.
  using Order = std::function<data::BackupOrder(const std::filesystem::path& directory)>;

  explicit BackupDesk(Order order);
  ~BackupDesk();
  BackupDesk(const BackupDesk&) = delete;
  BackupDesk& operator=(const BackupDesk&) = delete;

  std::vector<HostRoute> routes();
  /// Ends a running backup, of which nothing is left then, and takes no more.
  void stop() noexcept;

 private:
  struct Backup {
    std::filesystem::path directory;
    std::atomic<std::uint64_t> copied_bytes{0};
    std::atomic<std::uint64_t> total_bytes{0};
    std::optional<data::BackupManifest> manifest{};  ///< when it is done
    std::optional<Error> error{};                    ///< when it failed
    bool running = true;
  };

  HttpResponse begin(const HttpRequest& request);
  HttpResponse last() const;
  void run(const std::shared_ptr<Backup>& backup);

  const Order order_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<Backup> backup_;
  std::thread thread_;
};

}  // namespace bulkhead::host
