#include "data/audit_heads.hpp"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Logger.h>
#include <Poco/Timestamp.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sstream>
#include <unistd.h>

namespace bulkhead::host::data {
namespace {

constexpr std::string_view kNoChain = "-";
constexpr std::size_t kHashSize = 64;

std::string lineOf(const AuditHead& head, std::int64_t at_us) {
  const auto at = Poco::DateTimeFormatter::format(Poco::Timestamp{at_us}, "%Y-%m-%dT%H:%M:%S.%iZ");
  return fmt::format("{} {} {} {}\n", at, head.chain.empty() ? kNoChain : head.chain, head.position,
                     head.hash);
}

std::optional<AuditHead> headFrom(const std::string& line) {
  std::istringstream words{line};
  std::string at;
  AuditHead head;
  std::string more;
  if (!(words >> at >> head.chain >> head.position >> head.hash) || words >> more)
    return std::nullopt;
  if (head.position < 1 || head.hash.size() != kHashSize) return std::nullopt;
  if (head.chain == kNoChain) head.chain.clear();
  return head;
}

/// A line that a power cut tore does not take the next one with it.
bool endsWithinALine(int file) {
  const auto size = ::lseek(file, 0, SEEK_END);
  char last = '\n';
  return size > 0 && ::pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

bool AuditHeadFile::append(const std::vector<AuditHead>& heads, std::int64_t at_us) const {
  const int file =
      ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  bool written = false;
  if (file >= 0) {
    std::string text{endsWithinALine(file) ? "\n" : ""};
    for (const AuditHead& head : heads) text += lineOf(head, at_us);
    written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
              ::fsync(file) == 0;
  }
  if (!written) {
    Poco::Logger::get("data").error(
        fmt::format("{} cannot be written: {}", path_.string(), std::strerror(errno)));
  }
  if (file >= 0) ::close(file);
  return written;
}

AuditHeadFile::Content AuditHeadFile::read() const {
  Content content;
  std::ifstream file{path_};
  content.exists = file.is_open();
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    if (auto head = headFrom(line)) {
      content.heads.push_back(std::move(*head));
    } else {
      ++content.damaged_lines;
    }
  }
  return content;
}

}  // namespace bulkhead::host::data
