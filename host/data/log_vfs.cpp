#include "data/log_vfs.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <sqlite3.h>
#include <vector>

namespace bulkhead::host::data {
namespace {

constexpr char kName[] = "bulkhead-log";
/// More than a large group writes; a larger one writes in parts.
constexpr std::size_t kKeptMax = std::size_t{4} << 20;
/// SQLite's layer for Unix writes the rest of a division by 128 KiB.
constexpr std::size_t kWriteMax = std::size_t{64} << 10;
/// Room for the layer beneath, whichever it is by then.
constexpr int kRealFileSizeMax = 4096;

struct LogFile {
  sqlite3_file base{};
  sqlite3_file* real = nullptr;
  std::vector<char> kept;
  sqlite3_int64 begin = 0;  ///< where the first kept byte belongs

  sqlite3_int64 end() const { return begin + static_cast<sqlite3_int64>(kept.size()); }

  // What cannot be written is forgotten: its transaction fails and begins at the same place again.
  int flush() {
    int code = SQLITE_OK;
    for (std::size_t done = 0; done < kept.size() && code == SQLITE_OK; done += kWriteMax) {
      const auto size = static_cast<int>(std::min(kWriteMax, kept.size() - done));
      const auto offset = begin + static_cast<sqlite3_int64>(done);
      code = real->pMethods->xWrite(real, kept.data() + done, size, offset);
    }
    kept.clear();
    return code;
  }

  int append(const char* bytes, int size, sqlite3_int64 offset) {
    if (offset != end() || kept.size() >= kKeptMax) {
      if (const int code = flush(); code != SQLITE_OK) return code;
      begin = offset;
    }
    try {
      kept.insert(kept.end(), bytes, bytes + size);
    } catch (const std::bad_alloc&) {
      return SQLITE_IOERR_NOMEM;
    }
    return SQLITE_OK;
  }
};

LogFile& logOf(sqlite3_file* file) {
  return *reinterpret_cast<LogFile*>(file);
}

/// Calls the layer beneath when nothing is kept any more.
template <typename Call>
int flushed(sqlite3_file* file, const Call& call) {
  LogFile& log = logOf(file);
  const int code = log.flush();
  return code == SQLITE_OK ? call(*log.real->pMethods, log.real) : code;
}

int close(sqlite3_file* file) {
  LogFile& log = logOf(file);
  const int flushed = log.flush();
  const int closed = log.real->pMethods->xClose(log.real);
  std::destroy_at(&log);
  return flushed == SQLITE_OK ? closed : flushed;
}

int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
  return flushed(file, [&](const sqlite3_io_methods& real, sqlite3_file* beneath) {
    return real.xRead(beneath, bytes, size, offset);
  });
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  return logOf(file).append(static_cast<const char*>(bytes), size, offset);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return flushed(file, [&](const sqlite3_io_methods& real, sqlite3_file* beneath) {
    return real.xTruncate(beneath, size);
  });
}

int sync(sqlite3_file* file, int flags) {
  return flushed(file, [&](const sqlite3_io_methods& real, sqlite3_file* beneath) {
    return real.xSync(beneath, flags);
  });
}

int fileSize(sqlite3_file* file, sqlite3_int64* size) {
  return flushed(file, [&](const sqlite3_io_methods& real, sqlite3_file* beneath) {
    return real.xFileSize(beneath, size);
  });
}

int lock(sqlite3_file* file, int level) {
  sqlite3_file* real = logOf(file).real;
  return real->pMethods->xLock(real, level);
}

int unlock(sqlite3_file* file, int level) {
  sqlite3_file* real = logOf(file).real;
  return real->pMethods->xUnlock(real, level);
}

int checkReservedLock(sqlite3_file* file, int* reserved) {
  sqlite3_file* real = logOf(file).real;
  return real->pMethods->xCheckReservedLock(real, reserved);
}

int fileControl(sqlite3_file* file, int operation, void* argument) {
  sqlite3_file* real = logOf(file).real;
  return real->pMethods->xFileControl(real, operation, argument);
}

int sectorSize(sqlite3_file* file) {
  sqlite3_file* real = logOf(file).real;
  return real->pMethods->xSectorSize(real);
}

int deviceCharacteristics(sqlite3_file* file) {
  sqlite3_file* real = logOf(file).real;
  return real->pMethods->xDeviceCharacteristics(real);
}

/// Version 1: a log has no shared memory and is not mapped.
const sqlite3_io_methods* methods() {
  static const sqlite3_io_methods kMethods = [] {
    sqlite3_io_methods made{};
    made.iVersion = 1;
    made.xClose = close;
    made.xRead = read;
    made.xWrite = write;
    made.xTruncate = truncate;
    made.xSync = sync;
    made.xFileSize = fileSize;
    made.xLock = lock;
    made.xUnlock = unlock;
    made.xCheckReservedLock = checkReservedLock;
    made.xFileControl = fileControl;
    made.xSectorSize = sectorSize;
    made.xDeviceCharacteristics = deviceCharacteristics;
    return made;
  }();
  return &kMethods;
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  sqlite3_vfs* layer = sqlite3_vfs_find(nullptr);
  if (layer->szOsFile > kRealFileSizeMax) return SQLITE_CANTOPEN;
  if ((flags & SQLITE_OPEN_WAL) == 0) return layer->xOpen(layer, name, file, flags, flags_out);
  LogFile* log = std::construct_at(reinterpret_cast<LogFile*>(file));
  log->real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + sizeof(LogFile));
  const int code = layer->xOpen(layer, name, log->real, flags, flags_out);
  if (code == SQLITE_OK) {
    log->base.pMethods = methods();
  } else {
    std::destroy_at(log);
    file->pMethods = nullptr;
  }
  return code;
}

}  // namespace

const char* logVfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made = *sqlite3_vfs_find(nullptr);
    made.szOsFile = static_cast<int>(sizeof(LogFile)) + kRealFileSizeMax;
    made.zName = kName;
    made.pNext = nullptr;
    made.xOpen = open;
    return made;
  }();
  static const bool kRegistered = sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  return kRegistered ? kName : nullptr;
}

}  // namespace bulkhead::host::data
