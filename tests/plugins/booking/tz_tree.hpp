#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace booking::testing {

/// A moment from which on a zone has another offset.
struct OffsetChange {
  std::int64_t at_epoch_s;
  std::int32_t offset_s;
};

/// A folder of compiled zones (RFC 9636) of one release, made by the test itself: what TZDIR names.
class TzTree {
 public:
  TzTree(std::filesystem::path folder, std::string_view version) : folder_{std::move(folder)} {
    std::filesystem::create_directories(folder_);
    std::ofstream{folder_ / "tzdata.zi"} << "# version " << version << '\n';
    add("UTC", 0, {});
  }

  /// `first_offset_s` holds until the first change.
  void add(std::string_view zone, std::int32_t first_offset_s,
           const std::vector<OffsetChange>& changes) const {
    const std::filesystem::path file = folder_ / zone;
    std::filesystem::create_directories(file.parent_path());
    std::string bytes = header(0, 0, 0) + header(changes.size(), changes.size() + 1, 4);
    for (const auto& change : changes) append(bytes, change.at_epoch_s, 8);
    for (std::size_t i = 0; i < changes.size(); ++i) bytes += static_cast<char>(i + 1);
    appendType(bytes, first_offset_s);
    for (const auto& change : changes) appendType(bytes, change.offset_s);
    bytes.append("LMT", 4);
    std::ofstream{file, std::ios::binary} << bytes << "\n\n";
  }

  const std::filesystem::path& folder() const { return folder_; }

 private:
  /// Counts of transitions, types and bytes of abbreviations; no leap seconds, no indicators.
  static std::string header(std::size_t transitions, std::size_t types, std::size_t characters) {
    std::string bytes = "TZif2";
    bytes.append(15 + 12, '\0');
    append(bytes, static_cast<std::int64_t>(transitions), 4);
    append(bytes, static_cast<std::int64_t>(types), 4);
    append(bytes, static_cast<std::int64_t>(characters), 4);
    return bytes;
  }
  static void append(std::string& bytes, std::int64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
    }
  }
  static void appendType(std::string& bytes, std::int32_t offset_s) {
    append(bytes, offset_s, 4);
    bytes.append(2, '\0');  // no daylight saving, the only abbreviation
  }

  const std::filesystem::path folder_;
};

}  // namespace booking::testing
