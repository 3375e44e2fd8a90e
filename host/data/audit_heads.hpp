#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host::data {

/// Where a chain has come to: the hash of its last sealed row stands for all rows up to it.
struct AuditHead {
  std::string chain;
  std::int64_t position = 0;
  std::string hash;

  bool operator==(const AuditHead&) const = default;
};

/// Heads outside of the store that they speak of, one line for each batch that was sealed:
///
///   2026-11-22T04:00:00.000Z <chain, or -> <position> <hash>
///
/// Only ever appended to (0600, fsync), so that it can be made append-only for everybody
/// (`chattr +a`), and followed by whatever carries lines to another machine. A chain of which the
/// rows and heads in the database were all written anew, or whose last rows were removed, differs
/// from what was noted here.
class AuditHeadFile {
 public:
  struct Content {
    bool exists = false;
    std::vector<AuditHead> heads;   ///< in the order of the file
    std::size_t damaged_lines = 0;  ///< torn by a power cut, or by somebody
  };

  explicit AuditHeadFile(std::filesystem::path path) : path_{std::move(path)} {}

  /// Makes the file where it is missing, also for no heads. False, with a log line, when it could
  /// not be written.
  bool append(const std::vector<AuditHead>& heads, std::int64_t at_us) const;
  /// A file that cannot be read counts as missing.
  Content read() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace bulkhead::host::data
