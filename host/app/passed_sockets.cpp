#include "app/passed_sockets.hpp"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr int kCountMax = 64;

Error refused(const std::string& text) {
  return Error::configuration("SOCKET_ACTIVATION", text);
}

std::optional<std::string> take(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  std::string text{value};
  ::unsetenv(name);
  return text;
}

int numberOf(const char* name, const std::string& text, int max) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number < 0 || number > max)
    throw refused(fmt::format("{} is '{}'; a number from 0 to {} was expected.", name, text, max));
  return number;
}

std::vector<std::string> namesOf(const std::optional<std::string>& text, int count) {
  const auto size = static_cast<std::size_t>(count);
  if (!text) return std::vector<std::string>(size);
  std::vector<std::string> names;
  for (std::string_view rest = *text;;) {
    const auto colon = rest.find(':');
    names.emplace_back(rest.substr(0, colon));
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (names.size() != size) {
    throw refused(fmt::format("LISTEN_FDNAMES is '{}', {} names for the {} sockets of LISTEN_FDS.",
                              *text, names.size(), count));
  }
  return names;
}

Service::Audience audienceOf(const std::string& name) {
  if (name == "management") return Service::Audience::Management;
  if (name.empty() || name == "http" || name == "https" || name == "unknown" ||
      name.ends_with(".socket"))
    return Service::Audience::Public;
  throw refused(
      fmt::format("LISTEN_FDNAMES names a socket '{}'; FileDescriptorName= is http, https "
                  "or management.",
                  name));
}

}  // namespace

std::vector<InheritedListener> takePassedSockets() {
  const auto process = take("LISTEN_PID");
  const auto count_text = take("LISTEN_FDS");
  const auto names_text = take("LISTEN_FDNAMES");
  if (!process || !count_text) return {};
  if (numberOf("LISTEN_PID", *process, 1 << 30) != ::getpid()) return {};
  const int count = numberOf("LISTEN_FDS", *count_text, kCountMax);
  const auto names = namesOf(count == 0 ? std::nullopt : names_text, count);
  std::vector<InheritedListener> passed;
  for (int i = 0; i < count; ++i) {
    const auto audience = audienceOf(names[static_cast<std::size_t>(i)]);
    std::vector<FileDescriptor> socket;
    socket.emplace_back(kFirst + i);
    passed.push_back({audience, true, adoptListener(std::move(socket))});
  }
  return passed;
}

}  // namespace bulkhead::host
