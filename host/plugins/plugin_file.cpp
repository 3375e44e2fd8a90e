#include "plugins/plugin_file.hpp"

#include <Poco/Crypto/DigestEngine.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/plugin_state.hpp"
#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, std::string_view what) {
  throw PluginRefusal{PluginState::Refused, fmt::format("{} {}", path.string(), what)};
}

[[noreturn]] void refuseOpening(const std::filesystem::path& path, int error) {
  if (error == ENOENT || error == ENOTDIR) {
    throw PluginRefusal{PluginState::Missing,
                        fmt::format("there is no file {}: build it, or mend `library` in the "
                                    "plugin's configuration",
                                    path.string())};
  }
  if (error == ELOOP) refuse(path, "is a symbolic link that leads back to itself");
  refuse(path, fmt::format("cannot be opened: {}", std::strerror(error)));
}

/// The size of a regular file that is neither empty nor too large.
std::size_t sizeOf(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) refuseOpening(path, errno);
  if (S_ISDIR(status.st_mode)) refuse(path, "is a directory; a plugin is one shared library");
  if (!S_ISREG(status.st_mode)) refuse(path, "is not a regular file");
  if (status.st_size == 0) refuse(path, "is empty; was its copying interrupted?");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kPluginFileBytesMax) {
    refuse(path, fmt::format("has {} bytes; at most {} are read", size, kPluginFileBytesMax));
  }
  return size;
}

}  // namespace

PluginFile readPluginFile(const std::filesystem::path& path) {
  const FileDescriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file) refuseOpening(path, errno);
  std::string bytes(sizeOf(file.get(), path), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = read(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
    if (count == 0) refuse(path, "became shorter while it was read; copy it again");
    filled += static_cast<std::size_t>(count);
  }
  std::string sha256 = sha256Of(bytes);
  return {path, std::move(bytes), std::move(sha256)};
}

std::string sha256Of(std::string_view bytes) {
  Poco::Crypto::DigestEngine engine{"SHA256"};
  engine.update(bytes.data(), bytes.size());
  return Poco::DigestEngine::digestToHex(engine.digest());
}

}  // namespace bulkhead::host
