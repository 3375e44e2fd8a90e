#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::host {

struct ScaffoldFile {
  std::string name;
  std::string text;
};

/// plugin-api/example/greeter, as it was when this was built, as a plugin `id`: what is "greeter"
/// there is "my-thing", in C++ my_thing and MyThing. Throws Error validation (USAGE) for an id that
/// no plugin may have.
std::vector<ScaffoldFile> pluginScaffold(std::string_view id);

/// Writes them into a folder that is not there yet, or is empty. Throws Error validation (USAGE)
/// for any other; std::filesystem::filesystem_error.
void writeScaffold(const std::vector<ScaffoldFile>& files, const std::filesystem::path& folder);

}  // namespace bulkhead::host
