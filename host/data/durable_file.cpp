#include "data/durable_file.hpp"

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::host::data {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  Descriptor(const fs::path& file, int flags)
      : file_{file}, number_{::open(file.c_str(), flags | O_CLOEXEC, 0600)} {
    if (number_ < 0) throw fileFailed(file, errno);
  }
  ~Descriptor() { ::close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t done = ::write(number_, text.data(), text.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) throw fileFailed(file_, errno);
      text.remove_prefix(static_cast<std::size_t>(done));
    }
  }
  void readAll(const std::function<void(const char* data, std::size_t size)>& receive) const {
    std::array<char, 65536> buffer{};
    for (;;) {
      const ssize_t got = ::read(number_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw fileFailed(file_, errno);
      if (got == 0) return;
      receive(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  void sync() const {
    if (::fsync(number_) != 0) throw fileFailed(file_, errno);
  }

 private:
  const fs::path& file_;
  const int number_;
};

}  // namespace

Error fileFailed(const fs::path& file, int system_error) {
  return Error::app("FILE_ERROR",
                    fmt::format("{}: {}.", file.string(), std::strerror(system_error)));
}

FileDigest digestOf(const fs::path& file) {
  Poco::SHA2Engine engine{Poco::SHA2Engine::SHA_256};
  FileDigest digest;
  Descriptor{file, O_RDONLY}.readAll([&](const char* data, std::size_t size) {
    engine.update(data, size);
    digest.size_bytes += size;
  });
  digest.sha256 = Poco::DigestEngine::digestToHex(engine.digest());
  return digest;
}

std::string readWhole(const fs::path& file) {
  std::string text;
  Descriptor{file, O_RDONLY}.readAll(
      [&](const char* data, std::size_t size) { text.append(data, size); });
  return text;
}

void writeDurably(const fs::path& file, std::string_view text) {
  const Descriptor descriptor{file, O_WRONLY | O_CREAT | O_EXCL};
  descriptor.write(text);
  descriptor.sync();
}

void syncFile(const fs::path& file) {
  Descriptor{file, O_RDONLY}.sync();
}

void syncFolder(const fs::path& folder) {
  Descriptor{folder.empty() ? fs::path{"."} : folder, O_RDONLY | O_DIRECTORY}.sync();
}

void makePrivateFolder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0) throw fileFailed(folder, errno);
}

void renameDurably(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0)
    throw fileFailed(to, errno);
  syncFolder(to.parent_path());
  if (from.parent_path() != to.parent_path()) syncFolder(from.parent_path());
}

}  // namespace bulkhead::host::data
