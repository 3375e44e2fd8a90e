#pragma once

#include <filesystem>
#include <optional>

namespace bulkhead::host::data {

/// The right to write one SQLite store: an exclusive lock on `<database>.lease`, which holds the
/// holder's process id. The kernel gives it back when the holder dies. Two holders in one process
/// exclude each other as well. Release it by ending its life, on any thread.
class WriteLease {
 public:
  /// Throws Error STORE_LEASE_HELD, naming the holder, when it is taken; DATABASE_UNAVAILABLE when
  /// the file cannot be made. Never waits.
  static WriteLease acquire(const std::filesystem::path& database);
  /// Process id of the current holder; nothing when nobody holds it.
  static std::optional<long> holder(const std::filesystem::path& database);

  WriteLease(WriteLease&& other) noexcept;
  WriteLease& operator=(WriteLease&& other) noexcept;
  ~WriteLease();

 private:
  explicit WriteLease(int descriptor) : descriptor_{descriptor} {}
  int descriptor_;
};

}  // namespace bulkhead::host::data
