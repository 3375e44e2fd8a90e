#pragma once

#include <cstdint>
#include <memory>

namespace bulkhead::host::data {

/// A disk, as SQLite sees one, that forgets when the power fails: what was written and not synced
/// stays in memory, apart from the files. From the failure on every call fails, as it does for a
/// process that has died. While it lives every database of this program that is opened is on it.
///
/// When the power comes back, each file is what was synced, and each sector of 512 bytes that was
/// written afterwards may be there or not, whatever the order in which they were written.
class ForgetfulDisk {
 public:
  enum class Sync {
    Kept,    ///< what was synced stays
    Ignored  ///< a sync does nothing, as with PRAGMA synchronous=OFF
  };

  explicit ForgetfulDisk(std::uint64_t seed, Sync sync = Sync::Kept);
  /// Every file on it has been closed by then.
  ~ForgetfulDisk();
  ForgetfulDisk(const ForgetfulDisk&) = delete;
  ForgetfulDisk& operator=(const ForgetfulDisk&) = delete;

  /// The power fails instead of the `changes`-th write, truncation, sync or removal from now on.
  void failAt(int changes);
  /// It fails now, if it has not yet.
  void fail();
  bool hasFailed() const;
  /// Changes since it was made or the power came back.
  int changes() const;
  /// Puts what is left into the files, which are closed by now, and works again.
  void powerOn();

 private:
  class Files;
  const std::unique_ptr<Files> files_;
};

}  // namespace bulkhead::host::data
