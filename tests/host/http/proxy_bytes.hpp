#pragma once

#include <string>
#include <string_view>

namespace bulkhead::host::test {

inline std::string bigEndian(std::size_t number) {
  return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
}

/// A PROXY header of version 2 with that command, that family, and whatever stands behind.
inline std::string proxyHeader(unsigned command, unsigned family, std::string_view variable) {
  std::string bytes{"\r\n\r\n\0\r\nQUIT\n", 12};
  bytes.push_back(static_cast<char>(command));
  bytes.push_back(static_cast<char>(family));
  return bytes.append(bigEndian(variable.size())).append(variable);
}

inline std::string tlv(unsigned type, std::string_view value) {
  return std::string(1, static_cast<char>(type)) + bigEndian(value.size()) + std::string{value};
}

/// PROXY for 198.51.100.LAST:47011 over TCP and IPv4.
inline std::string proxyFor(unsigned char last) {
  std::string addresses{"\xc6\x33\x64\x00\x7f\x00\x00\x01\xb7\xa3\x13\x88", 12};
  addresses[3] = static_cast<char>(last);
  return proxyHeader(0x21, 0x11, addresses);
}

}  // namespace bulkhead::host::test
