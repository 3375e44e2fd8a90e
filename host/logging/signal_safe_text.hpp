#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulkhead::host {

/// Text on its way to a descriptor, with write(2) alone: no lock, no allocation, no locale. For
/// signal handlers.
class SignalSafeText {
 public:
  explicit SignalSafeText(int descriptor) noexcept : descriptor_{descriptor} {}

  SignalSafeText& add(std::string_view text) noexcept;
  SignalSafeText& addNumber(std::int64_t number) noexcept;
  /// "0x7f3a...", without leading zeros.
  SignalSafeText& addHex(std::uintptr_t number) noexcept;
  /// "2026-11-22T04:17:33Z" of seconds since 1970.
  SignalSafeText& addTime(std::int64_t seconds) noexcept;
  void flush() noexcept;

 private:
  void addPadded(std::int64_t number, int digits) noexcept;

  const int descriptor_;
  std::array<char, 1024> buffer_{};
  std::size_t size_ = 0;
};

}  // namespace bulkhead::host
