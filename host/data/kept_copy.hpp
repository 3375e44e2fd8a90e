#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace bulkhead::host::data {

/// A checked copy of one store, taken while nobody has its write lease, to which the store can be
/// set back. It outlives this object, in the folder `kept` beside the store. Used by one thread.
class KeptCopy {
 public:
  /// `go_on` is asked now and then; false ends take() (BACKUP_STOPPED). `file` is one that was
  /// taken before.
  KeptCopy(std::string owner, std::filesystem::path database, std::function<bool()> go_on = {},
           std::filesystem::path file = {});

  /// Copies the store as it is now. Throws Error: STORE_LEASE_HELD when somebody keeps writing it,
  /// STORE_DAMAGED, FILE_ERROR, DATABASE_UNAVAILABLE, BACKUP_STOPPED; nothing is left of it then.
  void take();
  /// Makes the store what it was at take(), in one transaction of its file: after a power cut it is
  /// the one or the other. Throws as take() does.
  void putBack() const;
  /// Removes the copies of this owner that were kept before this one.
  void dropEarlierOnes() const noexcept;

  /// Empty until take() returned.
  const std::filesystem::path& file() const noexcept { return file_; }

 private:
  void copyTo(const std::filesystem::path& file) const;

  const std::string owner_;
  const std::filesystem::path database_;
  const std::function<bool()> go_on_;
  std::filesystem::path file_;
};

}  // namespace bulkhead::host::data
