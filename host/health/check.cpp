#include "health/check.hpp"

#include <algorithm>

namespace bulkhead::host::health {
namespace {

constexpr std::size_t kMessageBytesMax = 200;
constexpr std::string_view kRedacted = "[redacted]";

bool isSensitive(std::string_view word) {
  return word.find("://") != std::string_view::npos || word.find('@') != std::string_view::npos ||
         word.find("password=") != std::string_view::npos;
}

std::string_view cutAtCharacter(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

}  // namespace

std::string_view nameOf(CheckKind kind) {
  switch (kind) {
    case CheckKind::Database:
      return "database";
    case CheckKind::Cache:
      return "cache";
    case CheckKind::Service:
      return "service";
    case CheckKind::Component:
      return "component";
    case CheckKind::Performance:
      return "performance";
    case CheckKind::Memory:
      return "memory";
  }
  return "component";
}

std::string_view nameOf(Weight weight) {
  switch (weight) {
    case Weight::Info:
      return "info";
    case Weight::Degrading:
      return "degrading";
    case Weight::Critical:
      return "critical";
  }
  return "info";
}

std::string_view nameOf(Status status, View view) {
  switch (status) {
    case Status::Healthy:
      return "healthy";
    case Status::Degraded:
      return "degraded";
    case Status::Critical:
      return view == View::Health ? "critical" : "unhealthy";
  }
  return "degraded";
}

std::string publicMessage(std::string_view message) {
  std::string plain;
  std::size_t done = 0;
  while (done < message.size()) {
    const std::size_t space = std::min(message.find_first_of(" \t\r\n", done), message.size());
    const std::string_view word = message.substr(done, space - done);
    if (!plain.empty() && !word.empty()) plain += ' ';
    plain += isSensitive(word) ? kRedacted : word;
    done = space + 1;
  }
  plain.erase(std::remove_if(plain.begin(), plain.end(),
                             [](unsigned char c) { return c < 0x20 || c == 0x7f; }),
              plain.end());
  plain.resize(cutAtCharacter(plain, kMessageBytesMax).size());
  return plain;
}

}  // namespace bulkhead::host::health
