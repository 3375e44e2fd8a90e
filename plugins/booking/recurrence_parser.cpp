#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "record.hpp"
#include "recurrence.hpp"
#include "weekday.hpp"

namespace booking {
namespace {

constexpr std::size_t kTextBytesMax = 500;
constexpr int kIntervalMax = 1000;
constexpr int kCountMax = 1000;

std::string upperCase(std::string_view text) {
  std::string upper{text};
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return upper;
}

bulkhead::Error invalidPart(std::string_view part, std::string_view value,
                            std::string_view accepted) {
  return invalidField("rrule/" + std::string{part}, value, accepted);
}

/// A whole number with an optional sign, and nothing behind it.
std::optional<int> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

/// Calls `each(piece)` for the pieces of `text` between separators, empty ones too.
template <class Each>
void split(std::string_view text, char separator, const Each& each) {
  for (;;) {
    const auto end = text.find(separator);
    each(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

/// Reads the parts one by one, then checks what they say together.
class RecurrenceParser {
 public:
  Recurrence read(std::string_view text, const std::optional<cctz::civil_day>& start) {
    if (text.size() > kTextBytesMax) {
      throw invalidField("rrule", text.substr(0, 40), "at most 500 characters");
    }
    rule_.text_ = upperCase(text);
    rule_.start_ = start;
    split(rule_.text_, ';', [&](std::string_view part) { readPart(part); });
    checkTogether();
    rule_.last_ = rule_.lastCounted();
    return rule_;
  }

 private:
  using Read = void (RecurrenceParser::*)(std::string_view);
  struct Part {
    std::string_view name;
    Read read;
  };

  void readPart(std::string_view part) {
    static constexpr std::array<Part, 7> kParts{{
        {"FREQ", &RecurrenceParser::readFrequency},
        {"INTERVAL", &RecurrenceParser::readInterval},
        {"COUNT", &RecurrenceParser::readCount},
        {"UNTIL", &RecurrenceParser::readUntil},
        {"BYDAY", &RecurrenceParser::readByDay},
        {"BYMONTHDAY", &RecurrenceParser::readByMonthDay},
        {"WKST", &RecurrenceParser::readWeekStart},
    }};
    const auto equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    const auto known = std::find_if(kParts.begin(), kParts.end(),
                                    [&](const Part& one) { return one.name == name; });
    if (equals == std::string_view::npos || known == kParts.end()) {
      throw invalidField("rrule", part,
                         "made of FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY and WKST, each "
                         "as NAME=VALUE with \";\" between them");
    }
    if (!seen_.insert(name).second) throw invalidPart(name, part, "given once");
    (this->*known->read)(part.substr(equals + 1));
  }

  void readFrequency(std::string_view value) {
    constexpr std::array<std::string_view, 3> kNames{"DAILY", "WEEKLY", "MONTHLY"};
    const auto found = std::find(kNames.begin(), kNames.end(), value);
    if (found == kNames.end()) throw invalidPart("FREQ", value, "DAILY, WEEKLY or MONTHLY");
    rule_.frequency_ = static_cast<Recurrence::Frequency>(found - kNames.begin());
  }

  void readInterval(std::string_view value) {
    const auto read = number(value);
    if (!read || *read < 1 || *read > kIntervalMax) throw invalidPart("INTERVAL", value, "1..1000");
    rule_.interval_ = *read;
  }

  void readCount(std::string_view value) {
    const auto read = number(value);
    if (!read || *read < 1 || *read > kCountMax) throw invalidPart("COUNT", value, "1..1000");
    rule_.count_ = *read;
  }

  /// "20261231", "20261231T170000" or "20261231T170000Z".
  void readUntil(std::string_view value) {
    std::string plain{value.substr(0, std::min<std::size_t>(4, value.size()))};
    const auto field = [&](std::size_t at, char before) {
      if (value.size() >= at + 2) plain.append(1, before).append(value.substr(at, 2));
    };
    field(4, '-');
    field(6, '-');
    Recurrence::Until until;
    std::optional<cctz::civil_second> wall;
    if (value.size() == 8) {
      if (const auto date = parseDate(plain)) wall = cctz::civil_second{*date};
    } else if ((value.size() == 15 || (value.size() == 16 && value[15] == 'Z')) &&
               value[8] == 'T') {
      until.kind =
          value.size() == 16 ? Recurrence::Until::Kind::Utc : Recurrence::Until::Kind::Wall;
      field(9, 'T');
      field(11, ':');
      field(13, ':');
      wall = parseWall(plain);
    }
    if (!wall) {
      throw invalidPart("UNTIL", value,
                        "a date such as \"20261231\", or with a time, \"20261231T170000\", and "
                        "\"Z\" for UTC");
    }
    until.wall = *wall;
    rule_.until_ = until;
  }

  void readByDay(std::string_view value) {
    split(value, ',', [&](std::string_view item) {
      const auto at = item.size() < 2 ? 0 : item.size() - 2;
      const auto weekday = weekdayNamed(item.substr(at));
      const auto ordinal = at == 0 ? std::optional<int>{0} : number(item.substr(0, at));
      const bool fits = ordinal && *ordinal >= -5 && *ordinal <= 5 && (at == 0 || *ordinal != 0);
      if (!weekday || !fits) {
        throw invalidPart("BYDAY", item,
                          "MO..SU, with 1..5 or -5..-1 in front where FREQ is MONTHLY");
      }
      rule_.by_day_.push_back({*weekday, *ordinal});
    });
  }

  void readByMonthDay(std::string_view value) {
    split(value, ',', [&](std::string_view item) {
      const auto day = number(item);
      if (!day || *day == 0 || *day < -31 || *day > 31) {
        throw invalidPart("BYMONTHDAY", item, "1..31, or -31..-1 from the month's end");
      }
      rule_.by_month_day_.push_back(*day);
    });
  }

  void readWeekStart(std::string_view value) {
    const auto weekday = weekdayNamed(value);
    if (!weekday) throw invalidPart("WKST", value, "MO..SU");
    rule_.week_start_ = *weekday;
  }

  void checkTogether() const {
    using Frequency = Recurrence::Frequency;
    if (!seen_.contains("FREQ")) throw invalidPart("FREQ", "", "DAILY, WEEKLY or MONTHLY");
    if (rule_.count_ != 0 && rule_.until_) {
      throw invalidPart("COUNT", std::to_string(rule_.count_), "left out where UNTIL is given");
    }
    const bool has_ordinal = std::any_of(rule_.by_day_.begin(), rule_.by_day_.end(),
                                         [](const auto& one) { return one.ordinal != 0; });
    if (has_ordinal && rule_.frequency_ != Frequency::Monthly) {
      throw invalidPart("BYDAY", rule_.text_, "without ordinals where FREQ is not MONTHLY");
    }
    if (!rule_.by_month_day_.empty() && rule_.frequency_ == Frequency::Weekly) {
      throw invalidPart("BYMONTHDAY", rule_.text_, "left out where FREQ is WEEKLY");
    }
    if (!rule_.start_ && dependsOnStart()) {
      throw invalidField("valid_from", "",
                         "the first day, which \"" + rule_.text_ +
                             "\" counts from (COUNT, INTERVAL above 1, or no BY part)");
    }
  }

  bool dependsOnStart() const {
    const bool has_days = !rule_.by_day_.empty() || !rule_.by_month_day_.empty() ||
                          rule_.frequency_ == Recurrence::Frequency::Daily;
    return rule_.count_ != 0 || rule_.interval_ > 1 || !has_days;
  }

  Recurrence rule_;
  std::set<std::string_view> seen_;
};

Recurrence Recurrence::parse(std::string_view text, const std::optional<cctz::civil_day>& start) {
  return RecurrenceParser{}.read(text, start);
}

}  // namespace booking
