#include "signature.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <bulkhead/signing.hpp>

namespace twilio {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::string_view kLettersAndDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

struct Url {
  std::string scheme;     // with "://"
  std::string authority;  // userinfo and host, without port
  std::string port;       // with its colon, or empty
  std::string path;
  std::string query;  // with its question mark, or empty
};

Url split(std::string_view text) {
  Url url;
  const auto cut = [&text](std::size_t length) {
    const std::string_view part = text.substr(0, length);
    text.remove_prefix(part.size());
    return std::string{part};
  };
  const auto scheme = text.find("://");
  if (scheme != std::string_view::npos) url.scheme = cut(scheme + 3);
  url.authority = cut(std::min(text.find_first_of("/?"), text.size()));
  url.path = cut(std::min(text.find('?'), text.size()));
  url.query = text;
  const auto colon = url.authority.rfind(':');
  const bool is_port =
      colon != std::string::npos && colon + 1 < url.authority.size() &&
      url.authority.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  const auto userinfo = url.authority.rfind('@');
  if (is_port && (userinfo == std::string::npos || userinfo < colon)) {
    url.port = url.authority.substr(colon);
    url.authority.resize(colon);
  }
  return url;
}

void appendEncoded(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

/// As browsers spell it (WHATWG URL, the query's percent-encode set of special schemes).
std::string spelledByBrowsers(std::string_view query) {
  std::string text;
  for (const char c : query) {
    const bool is_plain =
        c > ' ' && c < '\x7f' && std::string_view{"\"#<>'"}.find(c) == std::string_view::npos;
    if (is_plain) {
      text += c;
    } else {
      appendEncoded(text, c);
    }
  }
  return text;
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? hexDigit(text[i + 2]) : -1;
    if (low < 0) {
      bytes += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

/// As the older of Twilio's libraries spell it: each part decoded, and encoded anew as
/// encodeURIComponent does.
std::string spelledAnew(std::string_view query) {
  if (query.empty()) return {};
  std::string text;
  const auto append = [&text](std::string_view part) {
    for (const char c : decoded(part)) {
      const bool is_plain = kLettersAndDigits.find(c) != std::string_view::npos ||
                            std::string_view{"-_.!~*'()"}.find(c) != std::string_view::npos;
      if (is_plain) {
        text += c;
      } else {
        appendEncoded(text, c);
      }
    }
  };
  std::string_view rest = query.substr(1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    text += text.empty() ? '?' : '&';
    append(pair.substr(0, equals));
    text += '=';
    append(pair.substr(std::min(equals + 1, pair.size())));
  }
  return text;
}

/// The spellings of one address that Twilio may have signed.
std::set<std::string> spellings(std::string_view text) {
  const Url url = split(text);
  const std::string default_port = url.scheme == "https://" ? ":443" : ":80";
  std::set<std::string> all{std::string{text}};
  for (const auto& query : {url.query, spelledByBrowsers(url.query), spelledAnew(url.query)}) {
    const std::string tail = (url.path.empty() ? "/" : url.path) + query;
    all.insert(url.scheme + url.authority + tail);
    all.insert(url.scheme + url.authority + (url.port.empty() ? default_port : url.port) + tail);
  }
  return all;
}

/// The first value of a parameter of the URL's query, as it was sent.
std::string_view parameterOf(std::string_view url, std::string_view name) {
  std::string_view rest = url.substr(std::min(url.find('?'), url.size()));
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(end);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

}  // namespace

std::string signedText(std::string_view url, const Fields& form) {
  std::map<std::string_view, std::set<std::string_view>> sorted;
  for (const auto& [name, value] : form) sorted[name].insert(value);
  std::string text{url};
  for (const auto& [name, values] : sorted) {
    for (const auto value : values) text.append(name).append(value);
  }
  return text;
}

bool isFormSigned(std::string_view signature, std::string_view url, const Fields& form,
                  std::string_view auth_token) {
  bool matches = false;
  for (const auto& spelling : spellings(url)) {
    const std::string expected =
        bulkhead::toBase64(bulkhead::hmacSha1(auth_token, signedText(spelling, form)));
    matches = bulkhead::isEqualInConstantTime(signature, expected) || matches;
  }
  return matches;
}

bool isBodySigned(std::string_view signature, std::string_view url, std::string_view body,
                  std::string_view auth_token) {
  return isFormSigned(signature, url, {}, auth_token) &&
         bulkhead::isEqualInConstantTime(parameterOf(url, "bodySHA256"), bulkhead::sha256Hex(body));
}

}  // namespace twilio
