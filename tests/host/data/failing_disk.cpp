#include "host/data/failing_disk.hpp"

#include <atomic>
#include <cerrno>
#include <dlfcn.h>

namespace {

std::atomic<int> sync_count{0};
std::atomic<bool> outage{false};

int sync(const char* name, int descriptor) {
  ++sync_count;
  if (outage) {
    errno = EIO;
    return -1;
  }
  using Sync = int (*)(int);
  return reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, name))(descriptor);
}

}  // namespace

// Stand in front of the C library's, for SQLite too.
extern "C" int fdatasync(int descriptor) {
  return sync("fdatasync", descriptor);
}
extern "C" int fsync(int descriptor) {
  return sync("fsync", descriptor);
}

namespace bulkhead::host::data::failing_disk {

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
