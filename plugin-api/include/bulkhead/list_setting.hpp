#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead {

/// The items of a setting that is a list: commas between them, spaces around them do not count, and
/// what is empty is none.
inline std::vector<std::string> itemsOf(std::string_view list) {
  std::vector<std::string> items;
  while (!list.empty()) {
    const auto comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return items;
}

}  // namespace bulkhead
