#include "app/store_options.hpp"

#include <string_view>

#include <bulkhead/error.hpp>

namespace bulkhead::host {

data::SqliteOptions storeOptions(const HostSettings& settings, const std::string& owner) {
  const std::string_view url = settings.database.url.reveal();
  constexpr std::string_view kScheme = "sqlite:";
  if (!url.starts_with(kScheme)) {
    throw Error::configuration(
        "DATABASE_URL", "This version keeps its data in SQLite: set DATABASE_URL to sqlite:DIR.");
  }
  data::SqliteOptions options;
  options.path = std::filesystem::path{url.substr(kScheme.size())} / (owner + ".db");
  options.owner = owner;
  return options;
}

}  // namespace bulkhead::host
