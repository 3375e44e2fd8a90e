#include <fmt/format.h>
#include <string>

#include "fuzz/fuzz_target.hpp"
#include "http/parser.hpp"

namespace {

using bulkhead::fuzz::require;
using bulkhead::host::HeadLimits;
using bulkhead::host::HttpRequest;

/// Everything but letters and digits written as "%XY".
std::string encoded(std::string_view text, std::string_view plain) {
  std::string result;
  for (const char c : text) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum || plain.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::string writtenAgain(const HttpRequest& request) {
  std::string target = encoded(request.path, "/.");
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += separator + encoded(name, "") + "=" + encoded(value, "");
    separator = '&';
  }
  return target;
}

/// False when the target is refused.
bool read(std::string_view target, HttpRequest& request) {
  const HeadLimits limits{.request_line_bytes_max = 100'000, .head_bytes_max = 200'000};
  const std::string head = fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", target);
  return !bulkhead::host::parse(head, limits, request).refusal;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target = bulkhead::fuzz::textOf(data, size);
  if (target.find('\n') != std::string_view::npos) return 0;  // more than a request line
  HttpRequest request;
  if (!read(target, request)) return 0;
  for (const char c : request.path)
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '\\',
            "no character of the path means something else behind");
  HttpRequest again;
  require(read(writtenAgain(request), again), "what is written again is read");
  require(again.path == request.path, "and is the same path");
  require(again.query == request.query, "and the same query");
  return 0;
}
