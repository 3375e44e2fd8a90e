#include "security/time_zone.hpp"

#include <algorithm>
#include <cctz/time_zone.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace bulkhead::host {
namespace {

constexpr std::size_t kNameBytesMax = 64;

std::filesystem::path zoneFolder() {
  const char* folder = std::getenv("TZDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

bool isNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '+' || c == '/';
}

// cctz would also open absolute paths, "file:/...", and "libc:localtime".
bool isPlausible(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '/' &&
         std::all_of(name.begin(), name.end(), isNameCharacter) && !name.starts_with("right/") &&
         !name.starts_with("posix/") && name != "localtime" && name != "posixrules";
}

// cctz remembers every name that it was ever asked for, so it is only asked for real ones.
bool isZoneFile(const std::filesystem::path& path) {
  std::error_code absent;
  if (!std::filesystem::is_regular_file(path, absent)) return false;
  std::ifstream file{path, std::ios::binary};
  char magic[4] = {};
  return file.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "TZif";
}

}  // namespace

bool isTimeZone(const std::string& name) {
  if (name == "UTC") return true;
  cctz::time_zone zone;
  return isPlausible(name) && isZoneFile(zoneFolder() / name) && cctz::load_time_zone(name, &zone);
}

}  // namespace bulkhead::host
