#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

namespace bulkhead::tests {

/// A file of the reference data, or nothing where there is none: then the test is skipped with a
/// message that begins with "reference data:". BULKHEAD_REFERENCE_DIR, by default `../shared`
/// beside the source folder.
inline std::optional<std::filesystem::path> referenceFile(std::string_view name) {
  const char* folder = std::getenv("BULKHEAD_REFERENCE_DIR");
  const std::filesystem::path root =
      folder != nullptr ? std::filesystem::path{folder}
                        : std::filesystem::path{BULKHEAD_SOURCE_DIR} / ".." / "shared";
  const auto path = root / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

}  // namespace bulkhead::tests
