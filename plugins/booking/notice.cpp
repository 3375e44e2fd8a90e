#include "notice.hpp"

#include <array>

#include "record.hpp"

namespace booking {
namespace {

constexpr std::array<std::string_view, 4> kNames{"confirmed", "moved", "cancelled", "no_show"};

struct Place {
  std::string_view name;
  std::string NoticeWords::*word;
};
constexpr std::array kPlaces{
    Place{"{business}", &NoticeWords::business}, Place{"{name}", &NoticeWords::name},
    Place{"{service}", &NoticeWords::service},   Place{"{resource}", &NoticeWords::resource},
    Place{"{date}", &NoticeWords::date},         Place{"{time}", &NoticeWords::time}};

const Place* placeAt(std::string_view text) {
  for (const Place& place : kPlaces) {
    if (text.starts_with(place.name)) return &place;
  }
  return nullptr;
}

/// Takes off the end what is above `bytes_max`, and no part of a character (RFC 3629).
void cut(std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
}

}  // namespace

std::string_view nameOf(Notice notice) {
  return kNames[static_cast<std::size_t>(notice)];
}

std::optional<Notice> noticeNamed(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Notice>(i);
  }
  return std::nullopt;
}

const std::string& NoticeTexts::of(Notice notice) const {
  switch (notice) {
    case Notice::Confirmed:
      return confirmed;
    case Notice::Moved:
      return moved;
    case Notice::Cancelled:
      return cancelled;
    case Notice::NoShow:
      break;
  }
  return no_show;
}

void checkText(std::string_view field, std::string_view text) {
  for (auto at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    if (placeAt(text.substr(at)) != nullptr) continue;
    throw invalidField(field, text,
                       "a text whose places are {business}, {name}, {service}, {resource}, {date} "
                       "and {time}");
  }
}

std::string filled(std::string_view text, const NoticeWords& words) {
  std::string message;
  while (!text.empty()) {
    if (const Place* place = placeAt(text)) {
      message += words.*place->word;
      text.remove_prefix(place->name.size());
    } else {
      message += text.front();
      text.remove_prefix(1);
    }
  }
  cut(message, kNoticeBytesMax);
  return message;
}

}  // namespace booking
