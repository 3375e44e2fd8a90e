#include "config/text_file.hpp"

#include <Poco/UTF8Encoding.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/configuration_problem.hpp"

namespace bulkhead::host {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, std::string expected) {
  throw ConfigurationProblems{{{file.string(), 0, "", "", std::move(expected), ""}}};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }

 private:
  const int number_;
};

/// Opening does not wait, and a pipe is not read: nobody may ever write into it. /dev/null is a
/// file with nothing in it.
void requireFile(int descriptor, const std::filesystem::path& file) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0)
    refuse(file, fmt::format("a readable file ({})", std::strerror(errno)));
  if (S_ISDIR(status.st_mode)) refuse(file, "a file, and this is a folder");
  if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
    refuse(file, "a regular file, and this is a pipe, a socket or a disk");
}

std::string readBytes(const std::filesystem::path& file, std::size_t bytes_max) {
  const Descriptor opened{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (opened.number() < 0) refuse(file, fmt::format("a readable file ({})", std::strerror(errno)));
  requireFile(opened.number(), file);
  std::string text(bytes_max + 1, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t count = read(opened.number(), text.data() + filled, text.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(file, "a readable file (reading failed)");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  if (text.size() > bytes_max) refuse(file, fmt::format("at most {} bytes", bytes_max));
  return text;
}

int lineOf(std::string_view text, std::size_t position) {
  int line = 1;
  for (const char c : text.substr(0, position)) line += c == '\n' ? 1 : 0;
  return line;
}

/// Position of the first byte that is NUL or not UTF-8, or npos.
std::size_t findForeignByte(std::string_view text) {
  const Poco::UTF8Encoding encoding;
  for (std::size_t i = 0; i < text.size();) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data()) + i;
    const std::size_t left = text.size() - i;
    const int length = encoding.sequenceLength(bytes, 1);
    const bool fits = length > 0 && static_cast<std::size_t>(length) <= left;
    if (*bytes == 0 || !fits || !Poco::UTF8Encoding::isLegal(bytes, length)) return i;
    i += static_cast<std::size_t>(length);
  }
  return std::string_view::npos;
}

}  // namespace

bool isPlainUtf8(std::string_view text) {
  return findForeignByte(text) == std::string_view::npos;
}

std::string readTextFile(const std::filesystem::path& file, std::size_t bytes_max) {
  std::string text = readBytes(file, bytes_max);
  const std::size_t foreign = findForeignByte(text);
  if (foreign != std::string_view::npos) {
    throw ConfigurationProblems{
        {{file.string(), lineOf(text, foreign), "", "", "UTF-8 text without NUL", ""}}};
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

}  // namespace bulkhead::host
