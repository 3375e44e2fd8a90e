#include "data/write_lease.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "data/database_error.hpp"

namespace bulkhead::host::data {
namespace {

std::string leasePath(const std::filesystem::path& database) {
  return database.string() + ".lease";
}

// Open file description locks: they belong to the descriptor, so that two holders in one process
// exclude each other and closing another descriptor of the file does not release them.
struct flock wholeFile(short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  return range;
}

long readPid(int descriptor) {
  char text[24] = {};
  const ssize_t size = ::pread(descriptor, text, sizeof text - 1, 0);
  return size > 0 ? std::strtol(text, nullptr, 10) : 0;
}

void writePid(int descriptor) {
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw databaseUnavailable();
  }
}

Error heldBy(long pid) {
  return Error::database("STORE_LEASE_HELD",
                         fmt::format("The store is being written by process {}.", pid))
      .withRetryAfter(1);
}

}  // namespace

WriteLease WriteLease::acquire(const std::filesystem::path& database) {
  const int descriptor = ::open(leasePath(database).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) throw databaseUnavailable();
  WriteLease lease{descriptor};
  struct flock range = wholeFile(F_WRLCK);
  if (::fcntl(descriptor, F_OFD_SETLK, &range) != 0) throw heldBy(readPid(descriptor));
  writePid(descriptor);
  return lease;
}

std::optional<long> WriteLease::holder(const std::filesystem::path& database) {
  const WriteLease probe{::open(leasePath(database).c_str(), O_RDWR | O_CLOEXEC)};
  struct flock range = wholeFile(F_WRLCK);
  if (probe.descriptor_ < 0 || ::fcntl(probe.descriptor_, F_OFD_GETLK, &range) != 0) return {};
  if (range.l_type == F_UNLCK) return {};
  return readPid(probe.descriptor_);
}

WriteLease::WriteLease(WriteLease&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)} {}

WriteLease& WriteLease::operator=(WriteLease&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

WriteLease::~WriteLease() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace bulkhead::host::data
