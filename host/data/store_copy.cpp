#include "data/store_copy.hpp"

#include <cerrno>
#include <thread>
#include <utility>

#include "data/durable_file.hpp"
#include "data/sqlite_file.hpp"

namespace bulkhead::host::data {
namespace {

constexpr const char* kSchemaVersion = "SELECT coalesce(max(number), 0) FROM schema_migrations";
constexpr const char* kPageBytes = "PRAGMA page_size";

/// SQLite's online backup of one file into another.
class Copying {
 public:
  Copying(const SqliteFile& from, const SqliteFile& to)
      : to_{to}, backup_{sqlite3_backup_init(to.handle(), "main", from.handle(), "main")} {
    if (backup_ == nullptr) throw to.failed("copy");
  }
  ~Copying() { sqlite3_backup_finish(backup_); }
  Copying(const Copying&) = delete;
  Copying& operator=(const Copying&) = delete;

  /// Copies up to `pages`; false at the end.
  bool step(int pages, const std::filesystem::path& copy) {
    const int code = sqlite3_backup_step(backup_, pages);
    if (code == SQLITE_DONE || code == SQLITE_OK) return code == SQLITE_OK;
    if ((code & 0xff) == SQLITE_FULL) throw fileFailed(copy, ENOSPC);
    throw to_.failed(sqlite3_errstr(code));
  }
  /// Pages that were copied so far.
  int pages() const {
    return sqlite3_backup_pagecount(backup_) - sqlite3_backup_remaining(backup_);
  }

 private:
  const SqliteFile& to_;
  sqlite3_backup* const backup_;
};

void copyPages(const SqliteFile& from, const SqliteFile& to, const std::filesystem::path& copy,
               const CopyPace& pace) {
  const auto page_bytes = static_cast<std::uint64_t>(from.number(kPageBytes));
  Copying copying{from, to};
  int told = 0;
  for (bool more = true; more;) {
    more = copying.step(pace.step_pages, copy);
    const int copied = copying.pages() - std::exchange(told, copying.pages());
    if (pace.go_on && !pace.go_on(static_cast<std::uint64_t>(copied) * page_bytes))
      throw Error::app("BACKUP_STOPPED", "The backup was stopped.");
    if (more) std::this_thread::sleep_for(pace.pause);
  }
}

}  // namespace

// The transaction that is begun here is the moment: while it is open the steps of a copy read from
// it, and do not begin again when somebody writes, as they otherwise would.
StoreSnapshot::StoreSnapshot(const std::filesystem::path& database)
    : file_{std::make_unique<SqliteFile>(database, SqliteFile::Mode::Shared)} {
  file_->run("PRAGMA query_only=ON");
  file_->run("BEGIN");
  file_->run("SELECT count(*) FROM sqlite_master");
}

StoreSnapshot::~StoreSnapshot() = default;

int StoreSnapshot::schemaVersion() const {
  return static_cast<int>(file_->number(kSchemaVersion));
}

std::uint64_t StoreSnapshot::sizeBytes() const {
  return static_cast<std::uint64_t>(file_->number("PRAGMA page_count") * file_->number(kPageBytes));
}

// Synced once, at the end: nobody reads it before. Its journal mode becomes that of a file that
// needs no others beside it.
CopyCondition StoreSnapshot::copyTo(const std::filesystem::path& copy, const CopyPace& pace) {
  writeDurably(copy, {});
  {
    const SqliteFile target{copy, SqliteFile::Mode::Shared};
    target.run("PRAGMA synchronous=OFF");
    copyPages(*file_, target, copy, pace);
    target.run("PRAGMA journal_mode=DELETE");
  }
  syncFile(copy);
  return examineCopy(copy);
}

void overwriteStore(const std::filesystem::path& copy, const std::filesystem::path& database) {
  const SqliteFile from{copy, SqliteFile::Mode::Immutable};
  const SqliteFile to{database, SqliteFile::Mode::Shared};
  to.run("PRAGMA synchronous=FULL");
  CopyPace pace;
  pace.pause = std::chrono::milliseconds{0};
  copyPages(from, to, database, pace);
}

CopyCondition examineCopy(const std::filesystem::path& copy) {
  CopyCondition condition{"no database", 0};
  try {
    const SqliteFile file{copy, SqliteFile::Mode::Immutable};
    condition.integrity = file.first("PRAGMA integrity_check").value_or(condition.integrity);
    condition.schema_version = static_cast<int>(file.number(kSchemaVersion));
  } catch (const Error&) {  // the log has what SQLite said
  }
  return condition;
}

}  // namespace bulkhead::host::data
