#include "zone.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include <bulkhead/error.hpp>

namespace booking {
namespace {

constexpr std::size_t kNameBytesMax = 64;

std::string zoneinfoFolder() {
  const char* folder = std::getenv("TZDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

bool isNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '+' || c == '/';
}

/// A path below the zoneinfo folder and nothing else: cctz would also open absolute paths. `right/`
/// counts leap seconds, `localtime` is the machine's own.
bool isPlausibleName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '/' &&
         std::all_of(name.begin(), name.end(), isNameCharacter) && !name.starts_with("right/") &&
         !name.starts_with("posix/") && name != "localtime" && name != "posixrules";
}

/// cctz remembers every name that it was ever asked for, so it is only asked for real ones.
bool isZoneFile(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  char magic[4] = {};
  return file.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "TZif";
}

bulkhead::Error unknownZone(std::string_view name) {
  return bulkhead::Error::validation(
      "INVALID_TIME_ZONE", "time_zone is \"" + std::string{name.substr(0, kNameBytesMax)} +
                               "\", which is no IANA time zone; give one such as "
                               "\"America/New_York\".");
}

cctz::time_zone load(const std::string& name) {
  cctz::time_zone zone;
  if (!isPlausibleName(name) || !isZoneFile(zoneinfoFolder() + "/" + name) ||
      !cctz::load_time_zone(name, &zone)) {
    throw unknownZone(name);
  }
  return zone;
}

std::string readTzdataVersion() {
  std::string line;
  std::ifstream compiled{zoneinfoFolder() + "/tzdata.zi"};
  constexpr std::string_view kPrefix = "# version ";
  if (std::getline(compiled, line) && line.starts_with(kPrefix)) return line.substr(kPrefix.size());
  std::ifstream version{zoneinfoFolder() + "/+VERSION"};
  if (std::getline(version, line) && !line.empty()) return line;
  return "unknown";
}

}  // namespace

Zone Zone::get(std::string_view name) {
  static std::shared_mutex mutex;
  static std::map<std::string, cctz::time_zone, std::less<>> loaded;
  {
    const std::shared_lock lock{mutex};
    if (const auto found = loaded.find(name); found != loaded.end()) {
      return Zone{found->first, found->second};
    }
  }
  std::string key{name};
  const cctz::time_zone zone = load(key);
  const std::unique_lock lock{mutex};
  loaded.emplace(key, zone);
  return Zone{std::move(key), zone};
}

const std::string& tzdataVersion() {
  static const std::string kVersion = readTzdataVersion();
  return kVersion;
}

}  // namespace booking
