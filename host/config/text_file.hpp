#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace bulkhead::host {

inline constexpr std::size_t kTextFileBytesMax = 1024 * 1024;

/// True when `text` is well-formed UTF-8 (RFC 3629) without NUL.
bool isPlainUtf8(std::string_view text);

/// The whole of a configuration file, without a byte order mark. Throws `ConfigurationProblems`
/// when it cannot be read, is no regular file, is larger than `bytes_max`, or is not UTF-8. Never
/// waits on a pipe.
std::string readTextFile(const std::filesystem::path& file,
                         std::size_t bytes_max = kTextFileBytesMax);

}  // namespace bulkhead::host
