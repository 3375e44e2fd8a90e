#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace booking {

/// What a customer is told of a visit.
enum class Notice { Confirmed, Moved, Cancelled, NoShow };

/// "no_show": as kept, and as in the settings `text_...`.
std::string_view nameOf(Notice notice);
std::optional<Notice> noticeNamed(std::string_view name);

/// The text of each notice, with places such as {service} in it; an empty one is not sent.
struct NoticeTexts {
  std::string confirmed;
  std::string moved;
  std::string cancelled;
  std::string no_show;

  const std::string& of(Notice notice) const;
};

/// What stands in a text's places.
struct NoticeWords {
  std::string business;
  std::string name;
  std::string service;
  std::string resource;
  std::string date;  ///< "2026-01-06", as a clock where the visit is shows it
  std::string time;  ///< "09:00"
};

/// The longest text that messaging/1 takes, in bytes.
inline constexpr std::size_t kNoticeBytesMax = 1600;

/// Throws VALIDATION_ERROR that names `field` when the text has a place that NoticeWords has not.
void checkText(std::string_view field, std::string_view text);

/// The text with the words in its places, cut at kNoticeBytesMax.
std::string filled(std::string_view text, const NoticeWords& words);

}  // namespace booking
