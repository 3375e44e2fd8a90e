#include "egress/address_guard.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host::egress {
namespace {

constexpr unsigned kMappedBits = 96;

AddressRange::Bytes mapped(const in_addr& address) {
  AddressRange::Bytes bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::memcpy(bytes.data() + 12, &address, sizeof address);
  return bytes;
}

AddressRange::Bytes bytesOf(const in6_addr& address) {
  AddressRange::Bytes bytes{};
  std::memcpy(bytes.data(), &address, sizeof address);
  return bytes;
}

std::vector<AddressRange> ranges(std::initializer_list<const char*> texts) {
  std::vector<AddressRange> all;
  for (const char* const text : texts) all.push_back(AddressRange::parse(text).value());
  return all;
}

bool isIn(const std::vector<AddressRange>& list, const AddressRange::Bytes& address) {
  return std::any_of(list.begin(), list.end(),
                     [&](const AddressRange& range) { return range.contains(address); });
}

/// What is not reachable over the internet (IANA's special-purpose registries), or is there for the
/// machines of one cloud alone.
bool isSpecial(const AddressRange::Bytes& address) {
  static const auto kSpecial = ranges({
      "0.0.0.0/8",      "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",
      "168.63.129.16",   // Azure's own services
      "169.254.0.0/16",  // among it 169.254.169.254, where clouds keep a machine's credentials
      "172.16.0.0/12",  "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
      "198.18.0.0/15",  "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
      "2001::/23",      // among it Teredo, which holds an IPv4 address
      "2001:db8::/32",  // documentation
      "2002::/16",      // 6to4, which holds an IPv4 address
      "3fff::/20",      // documentation
  });
  return isIn(kSpecial, address);
}

/// The IPv4 address that a translator makes of it, mapped (RFC 6052); otherwise itself.
AddressRange::Bytes translated(const AddressRange::Bytes& address) {
  static const AddressRange kTranslated = AddressRange::parse("64:ff9b::/96").value();
  if (!kTranslated.contains(address)) return address;
  in_addr inner{};
  std::memcpy(&inner, address.data() + 12, sizeof inner);
  return mapped(inner);
}

bool isPublic(const AddressRange::Bytes& address) {
  static const AddressRange kMapped = AddressRange::parse("0.0.0.0/0").value();
  static const AddressRange kGlobal = AddressRange::parse("2000::/3").value();
  const AddressRange::Bytes reached = translated(address);
  return (kMapped.contains(reached) || kGlobal.contains(reached)) && !isSpecial(reached);
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address{text.substr(0, slash)};
  in_addr four{};
  in6_addr six{};
  const bool is_four = inet_pton(AF_INET, address.c_str(), &four) == 1;
  if (!is_four && inet_pton(AF_INET6, address.c_str(), &six) != 1) return std::nullopt;
  const unsigned bits_max = is_four ? 32 : 128;
  unsigned bits = bits_max;
  if (slash != std::string_view::npos) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + slash + 1, end, bits);
    if (read.ec != std::errc{} || read.ptr != end || bits > bits_max) return std::nullopt;
  }
  if (is_four) return AddressRange{mapped(four), kMappedBits + bits};
  return AddressRange{bytesOf(six), bits};
}

bool AddressRange::contains(const Bytes& address) const noexcept {
  const std::size_t whole = bits_ / 8;
  if (std::memcmp(address.data(), network_.data(), whole) != 0) return false;
  const unsigned rest = bits_ % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xffU & (0xffU << (8 - rest));
  return ((address[whole] ^ network_[whole]) & mask) == 0;
}

AddressGuard::AddressGuard(const std::vector<std::string>& allowed) {
  for (const std::string& text : allowed) {
    const auto range = AddressRange::parse(text);
    if (!range) {
      throw Error::configuration(
          "EGRESS_NETWORK", fmt::format("'{}' is no network such as 10.0.0.0/8 or ::1.", text));
    }
    allowed_.push_back(*range);
  }
}

AddressGuard::Verdict AddressGuard::judge(const sockaddr& address) const noexcept {
  AddressRange::Bytes bytes{};
  if (address.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &address, sizeof four);
    bytes = mapped(four.sin_addr);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &address, sizeof six);
    bytes = bytesOf(six.sin6_addr);
  } else {
    return Verdict::Refused;
  }
  if (isIn(allowed_, bytes)) return Verdict::Allowed;
  return isPublic(bytes) ? Verdict::Public : Verdict::Refused;
}

}  // namespace bulkhead::host::egress
