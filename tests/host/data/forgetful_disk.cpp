#include "host/data/forgetful_disk.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/log_vfs.hpp"

namespace bulkhead::host::data {
namespace {

constexpr std::size_t kSectorBytes = 512;
constexpr const char* kName = "bulkhead-forgetful";

/// A write, or a truncation when it has no bytes.
struct Change {
  std::size_t offset = 0;
  std::string bytes{};
};

void make(std::string& content, const Change& change) {
  if (change.bytes.empty()) {
    content.resize(change.offset);
    return;
  }
  const std::size_t end = change.offset + change.bytes.size();
  if (content.size() < end) content.resize(end);
  content.replace(change.offset, change.bytes.size(), change.bytes);
}

std::vector<Change> sectorsOf(const Change& change) {
  if (change.bytes.empty()) return {change};
  std::vector<Change> sectors;
  for (std::size_t done = 0; done < change.bytes.size();) {
    const std::size_t offset = change.offset + done;
    const std::size_t size =
        std::min(kSectorBytes - offset % kSectorBytes, change.bytes.size() - done);
    sectors.push_back({offset, change.bytes.substr(done, size)});
    done += size;
  }
  return sectors;
}

/// One file's bytes: what the program sees, and what the disk will have.
struct Image {
  std::string content{};
  std::string synced{};
  std::vector<Change> unsynced{};

  void change(Change one) {
    make(content, one);
    unsynced.push_back(std::move(one));
  }
  void sync() {
    synced = content;
    unsynced.clear();
  }
};

std::string readFile(const std::filesystem::path& path) {
  std::ifstream stream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace

/// The VFS. SQLite's own one opens the same files for locks and shared memory alone.
class ForgetfulDisk::Files {
 public:
  Files(std::uint64_t seed, Sync sync)
      : random_{seed}, sync_{sync}, real_{sqlite3_vfs_find(nullptr)}, vfs_{*real_} {
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.zName = kName;
    vfs_.pNext = nullptr;
    vfs_.pAppData = this;
    vfs_.xOpen = &Files::open;
    vfs_.xDelete = &Files::remove;
    vfs_.xAccess = &Files::access;
    vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* name, int size, char* out) {
      sqlite3_vfs* const real = of(vfs).real_;
      return real->xFullPathname(real, name, size, out);
    };
    if (sqlite3_vfs_register(&vfs_, 1) != SQLITE_OK) throw std::runtime_error{"no such disk"};
    log_layer_->pAppData = this;
    log_layer_->xDelete = vfs_.xDelete;
    log_layer_->xAccess = vfs_.xAccess;
  }
  ~Files() {
    log_layer_->pAppData = log_layer_before_.pAppData;
    log_layer_->xDelete = log_layer_before_.xDelete;
    log_layer_->xAccess = log_layer_before_.xAccess;
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void failAt(int changes) {
    const std::lock_guard lock{mutex_};
    left_ = changes;
  }
  void fail() {
    const std::lock_guard lock{mutex_};
    failed_ = true;
  }
  bool hasFailed() const {
    const std::lock_guard lock{mutex_};
    return failed_;
  }
  int changes() const {
    const std::lock_guard lock{mutex_};
    return changes_;
  }

  void powerOn() {
    const std::lock_guard lock{mutex_};
    const double kept = std::array{0.0, 0.5, 1.0}[random_() % 3];
    for (auto& [path, image] : images_) {
      std::bernoulli_distribution stays{kept};
      for (const Change& change : image.unsynced) {
        for (const Change& sector : sectorsOf(change)) {
          if (stays(random_)) make(image.synced, sector);
        }
      }
      std::ofstream{path, std::ios::binary | std::ios::trunc} << image.synced;
      std::filesystem::remove(path + "-shm");
    }
    images_.clear();
    failed_ = false;
    left_ = 0;
    changes_ = 0;
  }

 private:
  struct File {
    sqlite3_file base{};
    Files* disk = nullptr;
    Image* image = nullptr;

    static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static Files& of(sqlite3_vfs* vfs) { return *static_cast<Files*>(vfs->pAppData); }

  /// Runs `change`, unless the power has failed or fails with it.
  template <typename Work>
  int changing(const Work& change) {
    const std::lock_guard lock{mutex_};
    if (left_ > 0 && --left_ == 0) failed_ = true;
    if (failed_) return SQLITE_IOERR;
    ++changes_;
    change();
    return SQLITE_OK;
  }

  Image& imageOf(const char* name) {
    if (name == nullptr) return anonymous_.emplace_back();
    const auto [found, is_new] = images_.try_emplace(name);
    if (is_new) found->second.content = found->second.synced = readFile(name);
    return found->second;
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    Files& disk = of(vfs);
    file->pMethods = nullptr;
    if (disk.hasFailed()) return SQLITE_CANTOPEN;
    auto* const opened = std::construct_at(reinterpret_cast<File*>(file));
    const int code = disk.real_->xOpen(disk.real_, name, opened->real(), flags, out);
    if (code != SQLITE_OK) return code;
    const std::lock_guard lock{disk.mutex_};
    opened->disk = &disk;
    opened->image = &disk.imageOf(name);
    opened->base.pMethods = &methods();
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int) {
    Files& disk = of(vfs);
    return disk.changing([&] {
      disk.images_.erase(name);
      disk.real_->xDelete(disk.real_, name, 0);
    });
  }

  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    Files& disk = of(vfs);
    if (disk.hasFailed()) return SQLITE_IOERR_ACCESS;
    const int code = disk.real_->xAccess(disk.real_, name, flags, out);
    if (flags != SQLITE_ACCESS_EXISTS) return code;
    const std::lock_guard lock{disk.mutex_};  // the real file is empty until the power is back
    const auto found = disk.images_.find(name);
    if (found != disk.images_.end()) *out = found->second.content.empty() ? 0 : 1;
    return code;
  }

  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
    const File& self = File::of(file);
    const std::lock_guard lock{self.disk->mutex_};
    if (self.disk->failed_) return SQLITE_IOERR_READ;
    const std::string& content = self.image->content;
    const auto from = std::min(static_cast<std::size_t>(offset), content.size());
    const auto count = std::min(static_cast<std::size_t>(size), content.size() - from);
    std::memset(out, 0, static_cast<std::size_t>(size));
    std::memcpy(out, content.data() + from, count);
    return count == static_cast<std::size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  }

  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    const File& self = File::of(file);
    return self.disk->changing([&] {
      self.image->change({static_cast<std::size_t>(offset),
                          {static_cast<const char*>(bytes), static_cast<std::size_t>(size)}});
    });
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const File& self = File::of(file);
    return self.disk->changing([&] { self.image->change({static_cast<std::size_t>(size), {}}); });
  }

  static int sync(sqlite3_file* file, int) {
    const File& self = File::of(file);
    return self.disk->changing([&] {
      if (self.disk->sync_ == Sync::Kept) self.image->sync();
    });
  }

  static int size(sqlite3_file* file, sqlite3_int64* out) {
    const File& self = File::of(file);
    const std::lock_guard lock{self.disk->mutex_};
    *out = static_cast<sqlite3_int64>(self.image->content.size());
    return SQLITE_OK;
  }

  /// Locks are refused once the power has failed; giving them back is not.
  template <typename Work>
  static int alive(sqlite3_file* file, int error, const Work& work) {
    File& self = File::of(file);
    return self.disk->hasFailed() ? error : work(self.real());
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods kMethods = [] {
      sqlite3_io_methods m{};
      m.iVersion = 2;
      m.xClose = [](sqlite3_file* f) {
        sqlite3_file* const real = File::of(f).real();
        return real->pMethods->xClose(real);
      };
      m.xRead = &Files::read;
      m.xWrite = &Files::write;
      m.xTruncate = &Files::truncate;
      m.xSync = &Files::sync;
      m.xFileSize = &Files::size;
      addLocks(m);
      m.xSectorSize = [](sqlite3_file*) { return static_cast<int>(kSectorBytes); };
      m.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
      return m;
    }();
    return kMethods;
  }

  static void addLocks(sqlite3_io_methods& m) {
    m.xLock = [](sqlite3_file* f, int level) {
      return alive(f, SQLITE_IOERR_LOCK, [&](auto* r) { return r->pMethods->xLock(r, level); });
    };
    m.xUnlock = [](sqlite3_file* f, int level) {
      sqlite3_file* const real = File::of(f).real();
      return real->pMethods->xUnlock(real, level);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
      sqlite3_file* const real = File::of(f).real();
      return real->pMethods->xCheckReservedLock(real, out);
    };
    m.xFileControl = [](sqlite3_file* f, int what, void* argument) {
      sqlite3_file* const real = File::of(f).real();
      if (what != SQLITE_FCNTL_HAS_MOVED) return SQLITE_NOTFOUND;
      return real->pMethods->xFileControl(real, what, argument);
    };
    m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return alive(f, SQLITE_IOERR_SHMMAP,
                   [&](auto* r) { return r->pMethods->xShmMap(r, page, size, extend, out); });
    };
    m.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
      sqlite3_file* const real = File::of(f).real();
      const bool refused = (flags & SQLITE_SHM_LOCK) != 0 && File::of(f).disk->hasFailed();
      return refused ? SQLITE_IOERR_SHMLOCK : real->pMethods->xShmLock(real, offset, count, flags);
    };
    m.xShmBarrier = [](sqlite3_file* f) {
      sqlite3_file* const real = File::of(f).real();
      real->pMethods->xShmBarrier(real);
    };
    m.xShmUnmap = [](sqlite3_file* f, int removes) {
      sqlite3_file* const real = File::of(f).real();
      return real->pMethods->xShmUnmap(real, removes);
    };
  }

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  const Sync sync_;
  /// The store's own layer opens its files through the default one, and asks the one which was that
  /// when it was registered for everything else.
  sqlite3_vfs* const log_layer_ = sqlite3_vfs_find(logVfs());
  const sqlite3_vfs log_layer_before_ = *log_layer_;
  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_;
  std::map<std::string, Image> images_;
  std::deque<Image> anonymous_;
  bool failed_ = false;
  int left_ = 0;
  int changes_ = 0;
};

ForgetfulDisk::ForgetfulDisk(std::uint64_t seed, Sync sync)
    : files_{std::make_unique<Files>(seed, sync)} {}
ForgetfulDisk::~ForgetfulDisk() = default;

void ForgetfulDisk::failAt(int changes) {
  files_->failAt(changes);
}
void ForgetfulDisk::fail() {
  files_->fail();
}
bool ForgetfulDisk::hasFailed() const {
  return files_->hasFailed();
}
int ForgetfulDisk::changes() const {
  return files_->changes();
}
void ForgetfulDisk::powerOn() {
  files_->powerOn();
}

}  // namespace bulkhead::host::data
