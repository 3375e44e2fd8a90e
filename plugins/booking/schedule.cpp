#include "schedule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace booking {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"closed", "open", "replace"};

void check(const MinuteRange& hours) {
  if (hours.begin_min >= hours.end_min) {
    throw invalidField("end", formatMinuteOfDay(hours.end_min),
                       "later than start (a shift over midnight is two, to \"24:00\" and from "
                       "\"00:00\")");
  }
}

}  // namespace

void Schedule::check() const {
  Zone::get(time_zone);
  if (rules.size() > kRulesMax) {
    throw invalidField("rules", std::to_string(rules.size()) + " rules",
                       "at most " + std::to_string(kRulesMax) + " rules");
  }
  std::set<std::string_view> ids;
  for (const auto& rule : rules) {
    booking::check(rule);
    if (!ids.insert(rule.id).second) throw invalidField("rules/id", rule.id, "given once");
  }
}

void check(const AvailabilityRule& rule) {
  check(rule.hours);
  if ((rule.weekdays == 0) == !rule.recurrence) {
    throw invalidField("weekdays", rule.recurrence ? "given" : "",
                       "one or more of MO..SU, or left out where rrule is given");
  }
  if (rule.valid_from && rule.valid_to && *rule.valid_to < *rule.valid_from) {
    throw invalidField("valid_to", formatDate(*rule.valid_to), "on or after valid_from");
  }
}

void check(const DayException& exception) {
  for (const auto& hours : exception.hours) check(hours);
  if (exception.hours.empty() && exception.kind != ExceptionKind::Closed) {
    throw invalidField("intervals", "[]", "at least one interval, or kind \"closed\"");
  }
}

std::string_view nameOf(ExceptionKind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

ExceptionKind exceptionKindNamed(std::string_view name) {
  const auto found = std::find(kKinds.begin(), kKinds.end(), name);
  if (found == kKinds.end()) throw invalidField("kind", name, "closed, open or replace");
  return static_cast<ExceptionKind>(found - kKinds.begin());
}

std::string packedHours(const std::vector<MinuteRange>& hours) {
  std::string packed;
  for (const auto& range : hours) {
    if (!packed.empty()) packed += ',';
    packed += std::to_string(range.begin_min) + '-' + std::to_string(range.end_min);
  }
  return packed;
}

std::vector<MinuteRange> unpackedHours(std::string_view packed) {
  std::vector<MinuteRange> hours;
  const char* at = packed.data();
  const char* const end = at + packed.size();
  while (at < end) {
    MinuteRange range;
    at = std::from_chars(at, end, range.begin_min).ptr + 1;
    at = std::from_chars(at, end, range.end_min).ptr + 1;
    hours.push_back(range);
  }
  return hours;
}

}  // namespace booking
