#include "cursor.hpp"

#include <algorithm>
#include <cstddef>

#include <bulkhead/error.hpp>
#include <bulkhead/signing.hpp>

namespace booking {
namespace {

constexpr std::size_t kCodeBytes = 12;
constexpr char kSeparator = '\n';  // no id has one

std::string codeOf(const KeyedHash& key, std::string_view list, std::string_view content) {
  const auto digest =
      key.begin().add(std::to_string(list.size())).add(":").add(list).add(content).finish();
  return {digest.data(), kCodeBytes};
}

}  // namespace

std::string sealCursor(const KeyedHash& key, std::string_view list, const ListPosition& position) {
  const std::string content = position.id + kSeparator + position.key;
  return bulkhead::toBase64Url(codeOf(key, list, content) + content);
}

ListPosition openCursor(const KeyedHash& key, std::string_view list, std::string_view cursor) {
  const auto bytes = bulkhead::fromBase64Url(cursor);
  const std::string_view all = bytes ? std::string_view{*bytes} : std::string_view{};
  const auto content = all.substr(std::min(all.size(), kCodeBytes));
  const auto end_of_id = content.find(kSeparator);
  if (end_of_id == std::string_view::npos ||
      !bulkhead::isEqualInConstantTime(codeOf(key, list, content), all.substr(0, kCodeBytes))) {
    throw bulkhead::Error::validation(
        "CURSOR_INVALID",
        "cursor is the next_cursor of the page before, with the same filters and sort.");
  }
  return {std::string{content.substr(end_of_id + 1)}, std::string{content.substr(0, end_of_id)}};
}

}  // namespace booking
