#pragma once

#include <cstddef>
#include <filesystem>

namespace bulkhead::faults {

/// A file system in memory of a given size, which can be full. Needs the right to mount.
class SmallDisk {
 public:
  /// Mounts it over `folder`, which exists.
  SmallDisk(std::filesystem::path folder, std::size_t size_bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// False where this process may not mount.
  bool isMounted() const { return mounted_; }
  /// Writes a file until nothing more fits.
  void fill() const;
  void makeRoom() const;

 private:
  const std::filesystem::path folder_;
  bool mounted_ = false;
};

}  // namespace bulkhead::faults
