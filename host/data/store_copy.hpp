#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace bulkhead::host::data {

class SqliteFile;

/// How fast a copy goes: after each step others have the disk for `pause`.
struct CopyPace {
  int step_pages = 256;
  std::chrono::milliseconds pause{2};
  /// Asked after each step with the bytes that were copied since the last one; false ends the copy
  /// (BACKUP_STOPPED). May be empty.
  std::function<bool(std::uint64_t bytes)> go_on{};
};

/// What a copy is, looked at without changing it or its folder.
struct CopyCondition {
  std::string integrity;  ///< what PRAGMA integrity_check says: "ok", or the first thing wrong
  int schema_version = 0;
};

/// One moment of a store, kept while others go on writing it. Used by one thread.
class StoreMoment {
 public:
  StoreMoment() = default;
  virtual ~StoreMoment() = default;
  StoreMoment(const StoreMoment&) = delete;
  StoreMoment& operator=(const StoreMoment&) = delete;

  /// Number of the last migration at that moment; 0 for a database without any.
  virtual int schemaVersion() const = 0;
  virtual std::uint64_t sizeBytes() const = 0;
  /// Writes it as one database file, 0600 and synced, which must not exist, and looks at that.
  /// Throws FILE_ERROR, BACKUP_STOPPED, DATABASE_UNAVAILABLE.
  virtual CopyCondition copyTo(const std::filesystem::path& copy, const CopyPace& pace) = 0;
};

/// A moment of a SQLite file that this process reads. It holds no writer up; the write-ahead log is
/// not emptied while it lives.
class StoreSnapshot final : public StoreMoment {
 public:
  /// Throws DATABASE_UNAVAILABLE when it cannot be read.
  explicit StoreSnapshot(const std::filesystem::path& database);
  ~StoreSnapshot() override;

  int schemaVersion() const override;
  std::uint64_t sizeBytes() const override;
  CopyCondition copyTo(const std::filesystem::path& copy, const CopyPace& pace) override;

 private:
  const std::unique_ptr<SqliteFile> file_;
};

/// Makes a store what a copy of it is, in one transaction of the store's file. Whoever calls has
/// its write lease. Throws DATABASE_UNAVAILABLE with nothing changed.
void overwriteStore(const std::filesystem::path& copy, const std::filesystem::path& database);

/// A file that is no database has that as its `integrity`. Never throws for what is in the file.
CopyCondition examineCopy(const std::filesystem::path& copy);

}  // namespace bulkhead::host::data
