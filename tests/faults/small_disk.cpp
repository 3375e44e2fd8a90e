#include "small_disk.hpp"

#include <array>
#include <fcntl.h>
#include <string>
#include <sys/mount.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::faults {

SmallDisk::SmallDisk(std::filesystem::path folder, std::size_t size_bytes)
    : folder_{std::move(folder)} {
  const std::string options = "mode=0700,size=" + std::to_string(size_bytes);
  mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

SmallDisk::~SmallDisk() {
  if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
}

void SmallDisk::fill() const {
  const int file = ::open((folder_ / "filling").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const std::array<char, 4096> page{};
  while (::write(file, page.data(), page.size()) > 0) {
  }
  ::close(file);
}

void SmallDisk::makeRoom() const {
  std::filesystem::remove(folder_ / "filling");
}

}  // namespace bulkhead::faults
