#include "host/data/failing_disk.hpp"

#include <atomic>
#include <cerrno>
#include <dlfcn.h>
#include <unistd.h>

namespace {

std::atomic<int> sync_count{0};
std::atomic<bool> outage{false};
std::atomic<int> changes_left{0};

void dieWhenDue() {
  if (changes_left > 0 && --changes_left == 0) ::_exit(77);
}

template <typename Function>
Function* libraryFunction(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

int sync(const char* name, int descriptor) {
  ++sync_count;
  dieWhenDue();
  if (outage) {
    errno = EIO;
    return -1;
  }
  return libraryFunction<int(int)>(name)(descriptor);
}

}  // namespace

// Stand in front of the C library's, for SQLite too.
extern "C" int fdatasync(int descriptor) {
  return sync("fdatasync", descriptor);
}
extern "C" int fsync(int descriptor) {
  return sync("fsync", descriptor);
}
extern "C" int renameat2(int from_folder, const char* from, int to_folder, const char* to,
                         unsigned flags) noexcept {
  dieWhenDue();
  return libraryFunction<int(int, const char*, int, const char*, unsigned)>("renameat2")(
      from_folder, from, to_folder, to, flags);
}
extern "C" int remove(const char* path) noexcept {
  dieWhenDue();
  return libraryFunction<int(const char*)>("remove")(path);
}
extern "C" int mkdir(const char* path, mode_t mode) noexcept {
  dieWhenDue();
  return libraryFunction<int(const char*, mode_t)>("mkdir")(path, mode);
}

namespace bulkhead::host::data::failing_disk {

void dieAt(int change) {
  changes_left = change;
}

int syncs() {
  return sync_count;
}

Outage::Outage() {
  outage = true;
}
Outage::~Outage() {
  outage = false;
}

}  // namespace bulkhead::host::data::failing_disk
