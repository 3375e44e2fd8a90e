#include "app/installed_plugins.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

#include "config/nearest_name.hpp"

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTypingErrorsMax = 2;

void addStems(const fs::path& folder, std::string_view extension,
              std::vector<std::string>& scopes) {
  std::error_code error;
  for (fs::directory_iterator file{folder, error}, end; !error && file != end;
       file.increment(error)) {
    if (file->path().extension() == extension)
      scopes.push_back(file->path().stem().string() + ":*");
  }
}

std::string areaOf(const std::string& scope) {
  return scope.substr(0, scope.find(':'));
}

/// The candidate that differs from `name` by a typing error, or "".
std::string mistyped(const std::string& name, const std::vector<std::string>& candidates) {
  if (std::find(candidates.begin(), candidates.end(), name) != candidates.end()) return {};
  std::string nearest = nearestName(name, candidates);
  return !nearest.empty() && editDistance(name, nearest) <= kTypingErrorsMax ? nearest : "";
}

}  // namespace

fs::path pluginFolder(const HostSettings& settings) {
  if (!settings.paths.plugin_dir.empty()) return settings.paths.plugin_dir;
  return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "plugins";
}

std::vector<std::string> scopesOfInstalled(const HostSettings& settings) {
  std::vector<std::string> scopes;
  addStems(settings.paths.plugin_conf_dir, ".properties", scopes);
  addStems(pluginFolder(settings), ".so", scopes);
  return scopes;
}

std::string nearestScope(const std::string& scope, const std::vector<std::string>& known) {
  std::vector<std::string> areas{"admin", "monitoring"};
  std::vector<std::string> of_area;
  for (const auto& one : known) {
    areas.push_back(areaOf(one));
    if (areaOf(one) == areaOf(scope) && !one.ends_with(":*")) of_area.push_back(one);
  }
  if (const std::string area = mistyped(areaOf(scope), areas); !area.empty())
    return area + scope.substr(areaOf(scope).size());
  return scope.ends_with("*") ? "" : mistyped(scope, of_area);
}

}  // namespace bulkhead::host
