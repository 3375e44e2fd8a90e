#pragma once

#include <array>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// Where a client is: an IP literal, or "unix:UID" on a Unix socket. Read once, so that each look
/// at it is a comparison of bytes.
class ClientAddress {
 public:
  ClientAddress() = default;
  // Implicit: a literal is an address.
  // NOLINTNEXTLINE(google-explicit-constructor)
  ClientAddress(std::string text);
  // NOLINTNEXTLINE(google-explicit-constructor)
  ClientAddress(const char* text) : ClientAddress{std::string{text}} {}

  void clear() noexcept {
    text_.clear();
    size_ = 0;
  }

  const std::string& text() const noexcept { return text_; }
  bool isUnix() const noexcept { return text_.starts_with("unix:"); }
  /// In network order, 4 or 16, and 4 of an IPv4-mapped IPv6 address; none of text that is no IP
  /// literal.
  std::string_view bytes() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::string text_;
  std::array<char, 16> bytes_{};
  unsigned char size_ = 0;
};

}  // namespace bulkhead::host
