#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// A plugin file's bytes, read once, so that what is checked is what is later copied and loaded.
struct PluginFile {
  std::filesystem::path path;
  std::string bytes;
  std::string sha256;  ///< 64 hexadecimal digits
};

/// Largest plugin file that is read.
inline constexpr std::size_t kPluginFileBytesMax = 256U * 1024 * 1024;

/// Reads a plugin file. Symbolic links are followed. Throws PluginRefusal: Missing when there is no
/// such file; Refused for a directory, a link loop, a device or pipe (never waits on one), an empty
/// or too large file, or one that may not be read.
PluginFile readPluginFile(const std::filesystem::path& path);

/// SHA-256 (FIPS 180-4) in lower-case hexadecimal.
std::string sha256Of(std::string_view bytes);

}  // namespace bulkhead::host
