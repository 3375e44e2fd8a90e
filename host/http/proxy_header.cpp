#include "http/proxy_header.hpp"

#include <algorithm>
#include <sys/socket.h>

#include "http/accepted_socket.hpp"

namespace bulkhead::host {
namespace {

constexpr std::string_view kSignature{"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a", 12};
constexpr unsigned kLocal = 0x20;  // version 2 in the upper half
constexpr unsigned kProxy = 0x21;
constexpr unsigned kTcpOverIpv4 = 0x11;
constexpr unsigned kTcpOverIpv6 = 0x21;
constexpr std::size_t kIpv4Bytes = 4;
constexpr std::size_t kIpv6Bytes = 16;
constexpr std::size_t kPortBytes = 2;
constexpr std::size_t kTlvHeadBytes = 3;

unsigned byteAt(std::string_view bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

std::size_t numberAt(std::string_view bytes, std::size_t index) {
  return byteAt(bytes, index) << 8U | byteAt(bytes, index + 1);
}

std::size_t variableLength(std::string_view fixed) {
  return numberAt(fixed, 14);
}

/// What is known of the fixed part is what it has to be.
bool beginsWell(std::string_view bytes) {
  const std::string_view signature = bytes.substr(0, kSignature.size());
  if (signature != kSignature.substr(0, signature.size())) return false;
  if (bytes.size() > 12 && byteAt(bytes, 12) != kLocal && byteAt(bytes, 12) != kProxy) return false;
  return bytes.size() < ProxyHeader::kFixedBytes ||
         variableLength(bytes) <= ProxyHeader::kVariableBytesMax;
}

bool areTlvs(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.size() < kTlvHeadBytes) return false;
    const std::size_t length = kTlvHeadBytes + numberAt(bytes, 1);
    if (length > bytes.size()) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace

std::size_t ProxyHeader::wanted(std::string_view bytes) {
  if (bytes.size() < kFixedBytes) return kFixedBytes - bytes.size();
  const std::size_t whole = kFixedBytes + variableLength(bytes);
  return whole - std::min(whole, bytes.size());
}

ProxyHeader::State ProxyHeader::parse(std::string_view bytes) {
  address_.clear();
  if (!beginsWell(bytes)) return State::Refused;
  if (bytes.size() < kFixedBytes || wanted(bytes) > 0) return State::Incomplete;
  const std::string_view variable = bytes.substr(kFixedBytes, variableLength(bytes));
  // The sender's own connection, such as its health check: what follows counts for nothing.
  if (byteAt(bytes, 12) == kLocal) return State::Complete;
  return readAddresses(byteAt(bytes, 13), variable);
}

ProxyHeader::State ProxyHeader::readAddresses(unsigned family, std::string_view variable) {
  if (family != kTcpOverIpv4 && family != kTcpOverIpv6) return State::Refused;
  const std::size_t size = family == kTcpOverIpv4 ? kIpv4Bytes : kIpv6Bytes;
  const std::size_t addresses = 2 * (size + kPortBytes);
  if (variable.size() < addresses || !areTlvs(variable.substr(addresses))) return State::Refused;
  address_ = addressText(size == kIpv4Bytes ? AF_INET : AF_INET6, variable.data());
  port_ = static_cast<std::uint16_t>(numberAt(variable, 2 * size));
  return State::Complete;
}

}  // namespace bulkhead::host
