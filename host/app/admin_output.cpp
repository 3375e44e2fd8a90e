#include "app/admin_output.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

#include <bulkhead/error.hpp>

#include "app/command.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

/// Rows with aligned columns; the last one is as long as it is.
void printTable(const Json& rows, const std::vector<std::string>& columns) {
  std::vector<std::size_t> widths;
  for (const auto& column : columns) {
    std::size_t width = column.size();
    for (const auto& row : rows) width = std::max(width, textOf(row.value(column, Json{})).size());
    widths.push_back(width);
  }
  for (std::size_t i = 0; i < columns.size(); ++i)
    fmt::print("{:<{}}  ", columns[i], i + 1 < columns.size() ? widths[i] : 0);
  fmt::print("\n");
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      fmt::print("{:<{}}  ", textOf(row.value(columns[i], Json{})),
                 i + 1 < columns.size() ? widths[i] : 0);
    }
    fmt::print("\n");
  }
}

}  // namespace

Json bodyOf(const HttpResponse& response) {
  Json body = response.body.empty() ? Json{} : Json::parse(response.body, nullptr, false);
  if (response.status < 300) return body;
  const Json error = body.is_object() ? body.value("error", Json::object()) : Json::object();
  throw Error::app(error.value("code", "REFUSED"),
                   error.value("message", fmt::format("The host answered {}.", response.status)));
}

const std::string& pathSegment(const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
  if (!plain) throw Error::validation("USAGE", fmt::format("'{}' is no slug and no id", name));
  return name;
}

std::string textOf(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& item : value) text += (text.empty() ? "" : ",") + textOf(item);
  return text.empty() ? "-" : text;
}

int printList(const CommandLine& line, const Json& body, const std::vector<std::string>& columns) {
  if (line.has("json")) {
    fmt::print("{}\n", body.dump(2));
  } else {
    printTable(body.at("data"), columns);
  }
  return kExitOk;
}

}  // namespace bulkhead::host
