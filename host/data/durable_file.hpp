#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

namespace bulkhead::host::data {

struct FileDigest {
  std::uint64_t size_bytes = 0;
  std::string sha256;  ///< hexadecimal
};

/// FILE_ERROR: "<file>: <what the system said>".
Error fileFailed(const std::filesystem::path& file, int system_error);

/// The functions below throw FILE_ERROR.

/// Reads the whole file. Never of a database that is open in this process: closing it would give up
/// SQLite's locks.
FileDigest digestOf(const std::filesystem::path& file);
std::string readWhole(const std::filesystem::path& file);
/// Makes a file for its owner only, which must not exist, and returns when it is on the disk.
void writeDurably(const std::filesystem::path& file, std::string_view text);
/// Returns when the bytes of the file, or the names in the folder, are on the disk.
void syncFile(const std::filesystem::path& file);
void syncFolder(const std::filesystem::path& folder);
/// Makes a folder for its owner only, which must not exist, in one that does.
void makePrivateFolder(const std::filesystem::path& folder);
/// Gives a file or folder another name, which must be free; the folders are synced.
void renameDurably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace bulkhead::host::data
