#include "logging/signal_safe_text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <unistd.h>

namespace bulkhead::host {

SignalSafeText& SignalSafeText::add(std::string_view text) noexcept {
  while (!text.empty()) {
    if (size_ == buffer_.size()) flush();
    const std::size_t part = std::min(text.size(), buffer_.size() - size_);
    std::memcpy(buffer_.data() + size_, text.data(), part);
    size_ += part;
    text.remove_prefix(part);
  }
  return *this;
}

SignalSafeText& SignalSafeText::addNumber(std::int64_t number) noexcept {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return add({digits, static_cast<std::size_t>(end - digits)});
}

SignalSafeText& SignalSafeText::addHex(std::uintptr_t number) noexcept {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
  return add("0x").add({digits, static_cast<std::size_t>(end - digits)});
}

void SignalSafeText::addPadded(std::int64_t number, int digits) noexcept {
  for (std::int64_t bound = digits == 4 ? 1000 : 10; number < bound && bound > 1; bound /= 10)
    add("0");
  addNumber(number);
}

/// Civil date from days, by the era arithmetic of the proleptic Gregorian calendar.
SignalSafeText& SignalSafeText::addTime(std::int64_t seconds) noexcept {
  const std::int64_t days = seconds / 86'400;
  const std::int64_t second = seconds % 86'400;
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = shifted / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  addPadded(year_of_era + era * 400 + (month <= 2 ? 1 : 0), 4);
  add("-");
  addPadded(month, 2);
  add("-");
  addPadded(day_of_year - (153 * shifted_month + 2) / 5 + 1, 2);
  add("T");
  addPadded(second / 3600, 2);
  add(":");
  addPadded(second / 60 % 60, 2);
  add(":");
  addPadded(second % 60, 2);
  return add("Z");
}

void SignalSafeText::flush() noexcept {
  std::size_t done = 0;
  while (done < size_) {
    const ssize_t count = write(descriptor_, buffer_.data() + done, size_ - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  size_ = 0;
}

}  // namespace bulkhead::host
