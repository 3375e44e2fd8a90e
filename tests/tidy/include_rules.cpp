#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "rules.hpp"
#include "source_text.hpp"

namespace bulkhead::tidy {
namespace {

/// A library that only some places may know.
struct Door {
  std::string_view header;  ///< beginning of the include's path
  std::vector<std::string_view> places;
  std::string_view instead;
};

const std::vector<Door>& doors() {
  static const std::vector<std::string_view> kStores{
      "host/data/", "tests/host/data/", "tests/integration/", "tests/faults/", "bench/"};
  static const std::vector<std::string_view> kFront{"host/http/", "tests/", "bench/"};
  static const std::vector<std::string_view> kEgress{"host/egress/", "tests/host/egress/",
                                                     "bench/"};
  static const std::vector<Door> kDoors{
      {"boost/dll", {"host/plugins/", "tests/host/plugins/"}, "ask host/plugins to load it"},
      {"sqlite3.h", kStores, "use the store of host/data"},
      {"libpq", kStores, "use the store of host/data"},
      {"postgresql/", kStores, "use the store of host/data"},
      {"Poco/Data/", kStores, "use the store of host/data"},
      {"Poco/Net/ServerSocket.h", kFront, "let host/http accept clients"},
      {"Poco/Net/HTTPServer.h", {"bench/http_peers/"}, "use the front of host/http"},
      {"curl/", kEgress, "use http.send"},
      {"Poco/Redis/", {"host/cache/", "tests/host/cache/", "bench/"}, "use host/cache"},
  };
  return kDoors;
}

/// How far a folder of host/ stands from the ground; an include goes to a lower number or stays in
/// its folder.
int levelOf(const std::string& folder) {
  static const std::map<std::string, int> kLevels{
      {"logging", 0},    {"config", 0},       {"data", 1},    {"cache", 1},   {"egress", 1},
      {"runtime", 2},    {"http", 3},         {"plugins", 3}, {"health", 3},  {"security", 3},
      {"monitoring", 3}, {"capabilities", 4}, {"verify", 5},  {"testing", 6}, {"app", 6}};
  const auto found = kLevels.find(folder);
  return found == kLevels.end() ? -1 : found->second;
}

/// Arrows between folders of one level, each with its reason beside it.
bool isPeerArrow(const std::string& from, const std::string& to) {
  static const std::set<std::pair<std::string, std::string>> kArrows{
      {"config", "logging"},  // a setting that is ignored is logged
  };
  return kArrows.contains({from, to});
}

std::string firstFolder(std::string_view path) {
  const auto slash = path.find('/');
  return std::string{slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash)};
}

class IncludeCheck {
 public:
  explicit IncludeCheck(const Repository& repository) : repository_{repository} {}

  Findings run() {
    for (const auto& file : repository_.files()) {
      if (!isCode(file.path)) continue;
      for (const auto& include : includesOf(file.text)) check(file, include);
    }
    return std::move(findings_);
  }

 private:
  void check(const File& file, const Include& include) {
    if (include.path.find("../") != std::string::npos) {
      add(file, include, "goes up a folder", "include it from its root");
      return;
    }
    checkDoors(file, include);
    if (file.path.starts_with("host/")) checkHost(file, include);
    if (file.path.starts_with("plugins/")) checkPlugin(file, include);
    if (file.path.starts_with("plugin-api/include/")) checkApi(file, include);
  }

  void checkDoors(const File& file, const Include& include) {
    for (const auto& door : doors()) {
      if (include.path.starts_with(door.header) && !isIn(file.path, door.places)) {
        add(file, include, "is not for this folder", door.instead);
      }
    }
  }

  void checkHost(const File& file, const Include& include) {
    if (isHostFile(include.path)) {
      checkInsideHost(file, include);
    } else if (isPluginFile(include.path)) {
      add(file, include, "reaches from the host into a plugin", "go through the waist");
    }
  }

  void checkInsideHost(const File& file, const Include& include) {
    const auto inside = std::string_view{file.path}.substr(std::string_view{"host/"}.size());
    const auto from = firstFolder(inside);
    const auto to = firstFolder(include.path);
    if (from.empty() || from == to || to.empty()) return;
    const int from_level = levelOf(from);
    const int to_level = levelOf(to);
    if (from_level < 0) return;  // the names rule speaks of unknown folders
    if (to_level < from_level || isPeerArrow(from, to)) return;
    add(file, include, fmt::format("is an arrow from {} up or across to {}", from, to),
        "let the lower folder own the interface, and app join them");
  }

  void checkPlugin(const File& file, const Include& include) {
    const auto id =
        firstFolder(std::string_view{file.path}.substr(std::string_view{"plugins/"}.size()));
    if (include.path.starts_with("Poco/Net/")) {
      add(file, include, "is transport",
          "use bulkhead/plugin.hpp, or bulkhead/poco.hpp for a Poco handler");
    }
    const auto own = fmt::format("plugins/{}/{}", id, include.path);
    const auto beside = fmt::format("{}/{}", folderOf(file.path), include.path);
    if (repository_.has(own) || repository_.has(beside)) return;
    if (include.path.starts_with("host/") || isHostFile(include.path)) {
      add(file, include, "reaches from a plugin into the host", "use what plugin-api offers");
    } else if (isPluginFile(include.path)) {
      add(file, include, "reaches into another plugin", "meet it through a capability");
    }
  }

  void checkApi(const File& file, const Include& include) {
    const bool foreign = include.path.starts_with("Poco/") || include.path.starts_with("boost/");
    if (foreign && file.path != "plugin-api/include/bulkhead/poco.hpp") {
      add(file, include, "puts a library into every plugin", "keep it behind the waist");
    }
    if (!include.path.starts_with("bulkhead/") &&
        (isHostFile(include.path) || isPluginFile(include.path))) {
      add(file, include, "reaches from plugin-api into host or plugins", "turn the arrow round");
    }
  }

  bool isHostFile(const std::string& include) const { return repository_.has("host/" + include); }

  bool isPluginFile(const std::string& include) const {
    if (repository_.has("plugins/" + include) || repository_.has(include)) {
      return repository_.has("plugins/" + include) || include.starts_with("plugins/");
    }
    const auto ids = repository_.foldersOf("plugins");
    return include.find('/') == std::string::npos &&
           std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
             return repository_.has(fmt::format("plugins/{}/{}", id, include));
           });
  }

  void add(const File& file, const Include& include, std::string_view what,
           std::string_view instead) {
    findings_.push_back({file.path, include.line,
                         fmt::format("#include of {} {}", include.path, what),
                         std::string{instead}});
  }

  const Repository& repository_;
  Findings findings_;
};

}  // namespace

Findings checkIncludes(const Repository& repository) {
  return IncludeCheck{repository}.run();
}

}  // namespace bulkhead::tidy
