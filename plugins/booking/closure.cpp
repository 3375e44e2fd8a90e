#include "closure.hpp"

namespace booking {
namespace {

constexpr std::string_view kForms =
    "a date (\"2026-12-24\"), a wall time (\"2026-12-24T12:00\") or an instant "
    "(\"2026-12-24T17:00:00Z\"), start and end alike";
constexpr std::size_t kDateBytes = 10;

cctz::civil_day utcDate(Instant instant) {
  return cctz::civil_day{cctz::civil_second{1970, 1, 1} + epochSeconds(instant)};
}

bulkhead::Error notLater(std::string_view end) {
  return invalidField("end", end, "later than start (the last date counts whole)");
}

}  // namespace

void ClosedSpan::settle() {
  if (const auto first = parseDate(starts), last = parseDate(ends); first && last) {
    if (*last < *first) throw notLater(ends);
    first_date = *first;
    last_date = *last;
  } else if (const auto begin = parseWall(starts), end = parseWall(ends); begin && end) {
    if (*end <= *begin) throw notLater(ends);
    starts = formatWall(*begin);
    ends = formatWall(*end);
    first_date = cctz::civil_day{*begin};
    last_date = cctz::civil_day{*end};
  } else if (const auto from = parseInstant(starts), to = parseInstant(ends); from && to) {
    if (*to <= *from) throw notLater(ends);
    starts = formatInstant(*from);
    ends = formatInstant(*to);
    first_date = utcDate(*from) - 1;
    last_date = utcDate(*to) + 1;
  } else {
    throw invalidField("start", starts, kForms);
  }
}

Interval closedInterval(std::string_view starts, std::string_view ends, const Zone& zone) {
  if (starts.size() == kDateBytes) {
    return {zone.toInstant(cctz::civil_second{parseDate(starts).value()}),
            zone.toInstant(cctz::civil_second{parseDate(ends).value() + 1})};
  }
  if (starts.back() == 'Z') return {parseInstant(starts).value(), parseInstant(ends).value()};
  return {zone.toInstant(parseWall(starts).value()), zone.toInstant(parseWall(ends).value())};
}

}  // namespace booking
