#include "egress/outbound_target.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <charconv>
#include <curl/curl.h>
#include <fmt/format.h>
#include <memory>
#include <netinet/in.h>
#include <string_view>

#include <bulkhead/error.hpp>

namespace bulkhead::host::egress {
namespace {

constexpr std::size_t kHeadersMax = 100;
constexpr std::size_t kHeadBytesMax = std::size_t{64} * 1024;

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

[[noreturn]] void refuseUrl(std::string_view why) {
  throw Error::validation("OUTBOUND_URL", fmt::format("The URL of an outbound request {}.", why));
}

[[noreturn]] void refuseHead(std::string_view why) {
  throw Error::validation("OUTBOUND_REQUEST", fmt::format("An outbound request {}.", why));
}

std::string partOf(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned{text, curl_free};
  return text;
}

bool isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool isAddress(const std::string& host) {
  in6_addr any{};
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

unsigned numberOf(std::string_view text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// RFC 9110 §5.6.2.
bool isToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto fits = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           kMarks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

bool isValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool isFraming(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames{
      "host", "content-length", "transfer-encoding", "connection", "keep-alive",
      "te",   "trailer",        "upgrade",           "expect"};
  const std::string known = lower(name);
  return known.starts_with("proxy-") ||
         std::find(kNames.begin(), kNames.end(), known) != kNames.end();
}

}  // namespace

OutboundTarget OutboundTarget::of(const std::string& text) {
  const Url url{curl_url(), curl_url_cleanup};
  if (!isAscii(text)) refuseUrl("has characters that a URL encodes");
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
    refuseUrl("is none, or has a user");
  const auto authority = text.find("://");  // libcurl takes any number of slashes
  if (authority == std::string::npos || text.substr(authority + 3, 1) == "/")
    refuseUrl("has no name of a host");
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  OutboundTarget target;
  const std::string scheme = partOf(url, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") refuseUrl("is not one of https");
  target.is_plain = scheme == "http";
  target.host = lower(partOf(url, CURLUPART_HOST));
  if (target.host.starts_with('[')) target.host = target.host.substr(1, target.host.size() - 2);
  if (!isAscii(target.host) || target.host.empty()) refuseUrl("has no name of a host");
  if (!partOf(url, CURLUPART_ZONEID).empty()) refuseUrl("has an address of one link alone");
  target.is_address = isAddress(target.host);
  target.port = numberOf(partOf(url, CURLUPART_PORT, CURLU_DEFAULT_PORT));
  target.url = partOf(url, CURLUPART_URL);
  return target;
}

void checkOutboundHead(const OutboundRequest& request) {
  const auto isUpper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const std::string& method = request.method;
  if (method.empty() || method.size() > 20 || !std::all_of(method.begin(), method.end(), isUpper))
    refuseHead("has a method in capital letters");
  if (method == "CONNECT" || method == "TRACE") refuseHead("is neither CONNECT nor TRACE");
  if (request.headers.size() > kHeadersMax) refuseHead("has at most 100 headers");
  std::size_t bytes = 0;
  for (const auto& [name, value] : request.headers) {
    if (!isToken(name)) refuseHead("has a header whose name is no token");
    if (!isValue(value)) refuseHead(fmt::format("has a header {} that breaks its line", name));
    if (isFraming(name)) refuseHead(fmt::format("leaves the header {} to the host", name));
    bytes += name.size() + value.size() + 4;
  }
  if (bytes > kHeadBytesMax) refuseHead("has headers of at most 64 KiB");
}

}  // namespace bulkhead::host::egress
