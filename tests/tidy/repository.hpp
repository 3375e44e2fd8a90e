#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::tidy {

struct File {
  std::string path;  ///< from the root, with '/'
  std::string text;  ///< empty for binary files
};

/// One thing that is wrong, and what to do instead.
struct Finding {
  std::string path;
  int line = 0;  ///< 1-based; 0 when it is about the file as a whole
  std::string what;
  std::string instead;
};

using Findings = std::vector<Finding>;

/// The files of a source tree in memory, sorted by path, so that rules can be tried on small trees.
class Repository {
 public:
  explicit Repository(std::vector<File> files);

  /// What git tracks or would track below `root`; without git, every file outside build folders.
  static Repository read(const std::filesystem::path& root);

  const std::vector<File>& files() const { return files_; }
  const File* find(std::string_view path) const;
  bool has(std::string_view path) const { return find(path) != nullptr; }
  /// True for a folder that holds at least one file. `path` without a slash at its end.
  bool hasFolder(std::string_view path) const;
  /// Names of the folders right below `parent`.
  std::vector<std::string> foldersOf(std::string_view parent) const;

 private:
  std::vector<File> files_;
};

/// `path:line: what; instead`, one line each.
std::string toString(const Findings& findings);

/// The file's name without folders.
std::string_view nameOf(std::string_view path);
/// The file's folder, empty at the root.
std::string_view folderOf(std::string_view path);
/// C and C++ sources and headers.
bool isCode(std::string_view path);
bool isHeader(std::string_view path);
/// True when `path` lies in one of the folders (each ends in '/') or is one of the files named.
bool isIn(std::string_view path, const std::vector<std::string_view>& places);

}  // namespace bulkhead::tidy
