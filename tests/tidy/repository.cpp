#include "repository.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>

namespace bulkhead::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestText = 1024 * 1024;

struct PipeCloser {
  void operator()(std::FILE* pipe) const { pclose(pipe); }
};

std::string outputOf(const std::string& command) {
  const std::unique_ptr<std::FILE, PipeCloser> pipe{popen(command.c_str(), "r")};
  std::string output;
  std::array<char, 4096> block{};
  while (pipe) {
    const auto size = std::fread(block.data(), 1, block.size(), pipe.get());
    if (size == 0) break;
    output.append(block.data(), size);
  }
  return output;
}

std::vector<std::string> pathsByGit(const fs::path& root) {
  const auto output = outputOf(fmt::format(
      "git -C '{}' ls-files -z --cached --others --exclude-standard 2>/dev/null", root.string()));
  std::vector<std::string> paths;
  for (std::size_t start = 0; start < output.size();) {
    const auto end = output.find('\0', start);
    paths.push_back(output.substr(start, end - start));
    start = end == std::string::npos ? output.size() : end + 1;
  }
  return paths;
}

std::vector<std::string> pathsByWalking(const fs::path& root) {
  static const std::set<std::string> kSkipped{".git", "build", "var", "node_modules", ".cache"};
  std::vector<std::string> paths;
  for (auto entry = fs::recursive_directory_iterator{root}; entry != fs::end(entry); ++entry) {
    if (entry->is_directory() && kSkipped.contains(entry->path().filename().string())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      paths.push_back(fs::relative(entry->path(), root).generic_string());
    }
  }
  return paths;
}

std::string textOf(const fs::path& path) {
  if (fs::file_size(path) > kLargestText) return {};
  std::ifstream stream{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{stream}, {}};
  return text.find('\0') == std::string::npos ? text : std::string{};
}

}  // namespace

Repository::Repository(std::vector<File> files) : files_{std::move(files)} {
  std::sort(files_.begin(), files_.end(),
            [](const File& left, const File& right) { return left.path < right.path; });
}

Repository Repository::read(const fs::path& root) {
  auto paths = pathsByGit(root);
  if (paths.empty()) paths = pathsByWalking(root);
  std::vector<File> files;
  for (auto& path : paths) {
    if (!fs::is_regular_file(root / path)) continue;
    auto text = textOf(root / path);
    files.push_back({std::move(path), std::move(text)});
  }
  return Repository{std::move(files)};
}

const File* Repository::find(std::string_view path) const {
  const auto found = std::lower_bound(
      files_.begin(), files_.end(), path,
      [](const File& file, std::string_view wanted) { return file.path < wanted; });
  return found != files_.end() && found->path == path ? &*found : nullptr;
}

bool Repository::hasFolder(std::string_view path) const {
  const auto prefix = std::string{path} + '/';
  return std::any_of(files_.begin(), files_.end(),
                     [&](const File& file) { return file.path.starts_with(prefix); });
}

std::vector<std::string> Repository::foldersOf(std::string_view parent) const {
  const auto prefix = std::string{parent} + '/';
  std::set<std::string> names;
  for (const auto& file : files_) {
    if (!file.path.starts_with(prefix)) continue;
    const auto end = file.path.find('/', prefix.size());
    if (end != std::string::npos)
      names.insert(file.path.substr(prefix.size(), end - prefix.size()));
  }
  return {names.begin(), names.end()};
}

std::string toString(const Findings& findings) {
  std::string text;
  for (const auto& finding : findings) {
    text +=
        fmt::format("{}:{}: {}; {}\n", finding.path, finding.line, finding.what, finding.instead);
  }
  return text;
}

std::string_view nameOf(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view folderOf(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

bool isHeader(std::string_view path) {
  return path.ends_with(".hpp") || path.ends_with(".h");
}

bool isCode(std::string_view path) {
  return isHeader(path) || path.ends_with(".cpp") || path.ends_with(".c");
}

bool isIn(std::string_view path, const std::vector<std::string_view>& places) {
  return std::any_of(places.begin(), places.end(), [&](std::string_view place) {
    return place.ends_with('/') ? path.starts_with(place) : path == place;
  });
}

}  // namespace bulkhead::tidy
