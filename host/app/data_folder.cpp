#include "app/data_folder.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

Error unusable(const fs::path& folder, std::string_view why) {
  return Error::configuration("DATA_DIR",
                              fmt::format("DATA_DIR {} cannot be used: {}.", folder.string(), why));
}

}  // namespace

std::string whyUnusable(const fs::path& folder) {
  std::error_code error;
  fs::path there = fs::absolute(folder, error).lexically_normal();
  while (!fs::exists(there, error) && !error && there != there.parent_path())
    there = there.parent_path();
  if (error) return error.message();
  if (!fs::is_directory(there)) return there.string() + " is no folder";
  if (access(there.c_str(), W_OK | X_OK) == 0) return {};
  return fmt::format("{}: {}", there.string(), std::strerror(errno));
}

void prepareDataFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw unusable(folder, error.message());
  if (const std::string why = whyUnusable(folder); !why.empty()) throw unusable(folder, why);
}

}  // namespace bulkhead::host
