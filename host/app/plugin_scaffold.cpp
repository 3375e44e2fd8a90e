#include "app/plugin_scaffold.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fstream>
#include <system_error>
#include <utility>

#include <bulkhead/error.hpp>

#include "app/plugin_template.hpp"
#include "config/plugin_conf.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

/// "my-thing": "my_thing".
std::string identifierOf(std::string_view id) {
  std::string name{id};
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// "my-thing": "MyThing".
std::string typeOf(std::string_view id) {
  std::string name;
  bool begins = true;
  for (const char c : id) {
    if (c != '-') name += begins ? static_cast<char>(std::toupper(c)) : c;
    begins = c == '-';
  }
  return name;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// C++ names come first: what is left of the word is the id.
std::string renamed(std::string text, std::string_view id) {
  const std::string identifier = identifierOf(id);
  text = replaced(std::move(text), "Greeter", typeOf(id));
  text = replaced(std::move(text), "namespace greeter", "namespace " + identifier);
  text = replaced(std::move(text), "greeter::", identifier + "::");
  text = replaced(std::move(text), "greeter_", identifier + "_");
  return replaced(std::move(text), "greeter", id);
}

void requireFree(const fs::path& folder) {
  std::error_code none;
  const bool is_there = fs::exists(folder, none);
  if (!is_there || (fs::is_directory(folder, none) && fs::is_empty(folder, none))) return;
  throw Error::validation(
      "USAGE", fmt::format("{} is there already: name another folder with --into, or empty it",
                           folder.string()));
}

}  // namespace

std::vector<ScaffoldFile> pluginScaffold(std::string_view id) {
  if (!isPluginId(id))
    throw Error::validation(
        "USAGE", fmt::format("'{}' is no plugin's id: it takes [a-z][a-z0-9-]{{0,62}}, and no '-' "
                             "at its end",
                             id));
  if (isReservedPluginId(id))
    throw Error::validation("USAGE", fmt::format("'{}' is expected to be {}", id, kUnreservedId));
  std::vector<ScaffoldFile> files;
  for (const auto& [name, text] : kPluginTemplate)
    files.push_back({renamed(std::string{name}, id), renamed(std::string{text}, id)});
  return files;
}

void writeScaffold(const std::vector<ScaffoldFile>& files, const fs::path& folder) {
  requireFree(folder);
  fs::create_directories(folder);
  for (const auto& file : files) {
    std::ofstream out{folder / file.name, std::ios::binary};
    out << file.text << std::flush;
    if (!out) {
      throw fs::filesystem_error{"cannot write", folder / file.name,
                                 std::make_error_code(std::errc::io_error)};
    }
  }
}

}  // namespace bulkhead::host
