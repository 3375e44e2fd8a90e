#include "config/text_file.hpp"

#include <Poco/UTF8Encoding.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>

#include "config/configuration_problem.hpp"

namespace bulkhead::host {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, std::string expected) {
  throw ConfigurationProblems{{{file.string(), 0, "", "", std::move(expected), ""}}};
}

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

std::string readBytes(const std::filesystem::path& file, std::size_t bytes_max) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) refuse(file, "a file, and this is a folder");
  const std::unique_ptr<std::FILE, CloseFile> stream{std::fopen(file.c_str(), "rbe")};
  if (!stream) refuse(file, fmt::format("a readable file ({})", std::strerror(errno)));
  std::string text(bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) refuse(file, "a readable file (reading failed)");
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
