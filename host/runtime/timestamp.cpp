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

void putSecond(char* at, std::chrono::sys_seconds second) {
  using namespace std::chrono;
  const auto day = floor<days>(second);
  const year_month_day date{day};
  const auto of_day = static_cast<unsigned>((second - day).count());
  putDigits(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  putDigits(at + 5, static_cast<unsigned>(date.month()), 2);
  putDigits(at + 8, static_cast<unsigned>(date.day()), 2);
  putDigits(at + 11, of_day / 3600, 2);
  putDigits(at + 14, of_day / 60 % 60, 2);
  putDigits(at + 17, of_day % 60, 2);
}

}  // namespace

/// Calendar and clock are worked out once per second and thread.
std::string_view timestampView(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  thread_local std::array<char, 25> text{"0000-00-00T00:00:00.000Z"};
  thread_local auto kept = sys_seconds::min();
  const auto moment = floor<milliseconds>(time);
  const auto second = floor<seconds>(moment);
  if (second != kept) putSecond(text.data(), second);
  kept = second;
  putDigits(text.data() + 20, static_cast<unsigned>((moment - second).count()), 3);
  return {text.data(), text.size() - 1};
}

std::string timestampText(std::chrono::system_clock::time_point time) {
  return std::string{timestampView(time)};
}

std::string timestampText(std::int64_t unix_us) {
  return timestampText(std::chrono::system_clock::time_point{std::chrono::microseconds{unix_us}});
}

}  // namespace bulkhead::host
