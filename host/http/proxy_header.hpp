#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// The header of the PROXY protocol, version 2 (haproxy.org, proxy-protocol.txt §2.2), by which a
/// balancer says whom it speaks for. Read strictly: signature, version, command, TCP over IPv4 or
/// IPv6 (or LOCAL, which says nothing), addresses and each TLV within the length that was
/// announced. A client without an address is refused: it would pass for the balancer, which is
/// trusted. TLVs are skipped. Version 1, the text form, is refused.
class ProxyHeader {
 public:
  static constexpr std::size_t kFixedBytes = 16;
  /// Address and TLVs together. Known senders stay below 600 bytes.
  static constexpr std::size_t kVariableBytesMax = 4096;

  enum class State { Incomplete, Complete, Refused };

  /// How many bytes are to be read before the next parse(): never beyond the header's end, which
  /// only its own first bytes tell.
  static std::size_t wanted(std::string_view bytes_so_far);
  /// Looks at what has come, from its first byte; a refusal as early as the bytes tell it.
  State parse(std::string_view bytes);

  /// True when the sender speaks for `address`:`port`; false when it speaks for itself.
  bool isProxied() const noexcept { return !address_.empty(); }
  /// The client's IP literal; IPv4 that came mapped into IPv6 is given as IPv4.
  const std::string& address() const noexcept { return address_; }
  std::uint16_t port() const noexcept { return port_; }

 private:
  State readAddresses(unsigned family, std::string_view variable);

  std::string address_;
  std::uint16_t port_ = 0;
};

}  // namespace bulkhead::host
