#include "plugins/plugin_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/library.hpp"
#include "plugins/plugin_state.hpp"
#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, std::string_view what) {
  throw PluginRefusal{
      PluginState::Refused,
      fmt::format("the private copy {} cannot be {}; look at DATA_DIR's space and permissions",
                  path.string(), what)};
}

void writeAll(int descriptor, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(path, fmt::format("written: {}", std::strerror(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Writes beside and renames, so that nobody ever sees half a copy.
void writeCopy(const PluginFile& file, const fs::path& path) {
  std::string beside = path.string() + ".XXXXXX";
  const FileDescriptor descriptor{mkostemp(beside.data(), O_CLOEXEC)};
  if (!descriptor) refuse(path, fmt::format("written: {}", std::strerror(errno)));
  try {
    writeAll(descriptor.get(), file.bytes, path);
    if (fchmod(descriptor.get(), S_IRUSR | S_IRGRP | S_IROTH) != 0 ||
        rename(beside.c_str(), path.c_str()) != 0) {
      refuse(path, fmt::format("put in place: {}", std::strerror(errno)));
    }
  } catch (...) {
    unlink(beside.c_str());
    throw;
  }
}

/// True when the copy is there and still what its name says; its time of use becomes now.
bool isGood(const fs::path& path, const PluginFile& file) {
  std::error_code error;
  if (fs::file_size(path, error) != file.bytes.size() || error) return false;
  try {
    if (readPluginFile(path).sha256 != file.sha256) return false;
  } catch (const PluginRefusal&) {
    return false;
  }
  fs::last_write_time(path, fs::file_time_type::clock::now(), error);
  return true;
}

}  // namespace

fs::path PluginCache::copyOf(const PluginFile& file, std::string_view id) const {
  const fs::path folder = root_ / id;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) refuse(folder, fmt::format("made: {}", error.message()));
  fs::permissions(folder, fs::perms::owner_all, error);
  fs::path path = fs::canonical(folder, error) / (file.sha256 + ".so");
  for (int number = 2; PluginLibrary::isMapped(path); ++number) {
    path.replace_filename(fmt::format("{}-{}.so", file.sha256, number));
  }
  if (!isGood(path, file)) writeCopy(file, path);
  return path;
}

std::optional<fs::path> PluginCache::lastCopyOf(std::string_view id) const {
  std::optional<fs::path> last;
  fs::file_time_type used{};
  std::error_code error;
  for (fs::directory_iterator file{root_ / id, error}, end; !error && file != end;
       file.increment(error)) {
    std::error_code gone;
    const auto time = file->last_write_time(gone);
    if (gone || file->path().extension() != ".so" || (last && time <= used)) continue;
    last = file->path();
    used = time;
  }
  return last;
}

std::size_t PluginCache::prune(std::chrono::seconds age, const std::vector<fs::path>& keep) const {
  const auto oldest = fs::file_time_type::clock::now() - age;
  std::size_t removed = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator file{root_, error}, end; !error && file != end;
       file.increment(error)) {
    std::error_code gone;
    if (!file->is_regular_file(gone) || file->last_write_time(gone) > oldest || gone) continue;
    if (std::find(keep.begin(), keep.end(), file->path()) != keep.end()) continue;
    if (fs::remove(file->path(), gone)) ++removed;
  }
  return removed;
}

}  // namespace bulkhead::host
