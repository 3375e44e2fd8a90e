#include "runtime/timestamp.hpp"

#include <array>

namespace bulkhead::host {
namespace {

/// Writes the last `count` decimal digits of `number` to `at`.
void putDigits(char* at, unsigned number, int count) {
  while (count-- > 0) {
    at[count] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace

std::string timestampText(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto moment = floor<milliseconds>(time);
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const auto of_day = static_cast<unsigned>((moment - day).count());
  std::string text{"0000-00-00T00:00:00.000Z"};
  char* const at = text.data();
  putDigits(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  putDigits(at + 5, static_cast<unsigned>(date.month()), 2);
  putDigits(at + 8, static_cast<unsigned>(date.day()), 2);
  putDigits(at + 11, of_day / 3'600'000, 2);
  putDigits(at + 14, of_day / 60'000 % 60, 2);
  putDigits(at + 17, of_day / 1000 % 60, 2);
  putDigits(at + 20, of_day % 1000, 3);
  return text;
}

std::string timestampText(std::int64_t unix_us) {
  return timestampText(std::chrono::system_clock::time_point{std::chrono::microseconds{unix_us}});
}

}  // namespace bulkhead::host
