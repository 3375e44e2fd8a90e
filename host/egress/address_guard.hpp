#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

namespace bulkhead::host::egress {

/// A network of IPv4 or IPv6, such as 10.0.0.0/8 or a single address.
class AddressRange {
 public:
  /// Nothing for what is none.
  static std::optional<AddressRange> parse(std::string_view text);

  /// 16 bytes; an IPv4 address is mapped, ::ffff:a.b.c.d.
  using Bytes = std::array<std::uint8_t, 16>;
  bool contains(const Bytes& address) const noexcept;

 private:
  AddressRange(const Bytes& network, unsigned bits) : network_{network}, bits_{bits} {}

  Bytes network_;
  unsigned bits_;
};

/// Which addresses may be connected to: those of the public internet, and those that the operator
/// names. Asked about the address of the socket that is about to be connected, never about a name,
/// so that no name, redirect or spelling of an address gets past it. Immutable.
class AddressGuard {
 public:
  /// `allowed` are networks of the inside that may be reached as well. Throws Error (configuration,
  /// EGRESS_NETWORK) for what is no network.
  explicit AddressGuard(const std::vector<std::string>& allowed = {});

  enum class Verdict {
    Public,   ///< of the internet
    Allowed,  ///< of the inside, and named by the operator
    Refused
  };
  Verdict judge(const sockaddr& address) const noexcept;

 private:
  std::vector<AddressRange> allowed_;
};

}  // namespace bulkhead::host::egress
