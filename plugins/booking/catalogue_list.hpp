#pragma once

#include <string>
#include <vector>

#include "listing.hpp"
#include "record_field.hpp"

/// How lists of catalogue records are ordered and narrowed.
namespace booking {

template <class Noun>
const std::vector<Sort<Noun>>& catalogueSorts() {
  static const std::vector<Sort<Noun>> kSorts = [] {
    std::vector<Sort<Noun>> made{{"id", "id", true, [](const Noun& noun) { return noun.id; }}};
    if constexpr (requires(const Noun& noun) { noun.name; }) {
      made.push_back({"name", "name", true, [](const Noun& noun) { return noun.name; }});
    }
    made.push_back({"updated_at", "updated_at", false, [](const Noun& noun) {
                      return std::to_string(epochSeconds(noun.updated_at));
                    }});
    return made;
  }();
  return kSorts;
}

/// JSON Schema members of the list's own query parameters.
template <class Noun>
std::string catalogueFilters() {
  std::string text = R"("active":{"type":"boolean"})";
  for (const ListFilter& filter : Noun::kFilters) {
    text.append(",\"").append(filter.name).append(R"(":{"type":"string","maxLength":100})");
  }
  return text;
}

}  // namespace booking
