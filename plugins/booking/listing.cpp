#include "listing.hpp"

#include <algorithm>

namespace booking {

std::string listNameOf(const bulkhead::Request& request) {
  const bulkhead_request& raw = request.raw();
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < raw.query_count; ++i) {
    const auto name = bulkhead::waist::view(raw.query[i].name);
    if (name == "cursor" || name == "limit") continue;
    parts.push_back(std::string{name} + '\0' +
                    std::string{bulkhead::waist::view(raw.query[i].value)});
  }
  std::sort(parts.begin(), parts.end());
  std::string list = std::string{request.tenant()} + '\0' + std::string{request.path()};
  for (const auto& part : parts) list += '\0' + part;
  return list;
}

std::string listQuery(const std::vector<std::string_view>& sorts, std::string_view filters) {
  std::string names;
  for (const auto sort : sorts) {
    names +=
        (names.empty() ? "\"" : ",\"") + std::string{sort} + "\",\"-" + std::string{sort} + '"';
  }
  return R"({"type":"object","properties":{)" + std::string{filters} +
         (filters.empty() ? "" : ",") + R"("sort":{"type":"string","enum":[)" + names +
         R"(]},"updated_since":{"type":"string","maxLength":40},)"
         R"("limit":{"type":"integer","minimum":1,"maximum":200},)"
         R"("cursor":{"type":"string","maxLength":2048}}})";
}

}  // namespace booking
