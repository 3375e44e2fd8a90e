#include "app/store_options.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "data/postgresql_store.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kSqlite = "sqlite:";
constexpr const char* kHostSchema = "bulkhead";
/// With fewer, one slow transaction stops the others of its plugin.
constexpr std::size_t kSessionsLeast = 2;

data::PostgresqlOptions postgresqlOptions(const HostSettings& settings, const std::string& owner) {
  const auto& database = settings.database;
  data::PostgresqlOptions options;
  options.url = database.url.reveal();
  options.owner = owner;
  options.schema = owner == "host" ? kHostSchema : owner;
  options.sessions_max = static_cast<std::size_t>(database.sessions_max);
  options.sessions_min = static_cast<std::size_t>(database.sessions_min);
  options.idle_timeout = milliseconds{database.idle_timeout_ms};
  options.checkout_timeout = milliseconds{database.checkout_timeout_ms};
  options.connect_timeout = milliseconds{database.connect_timeout_ms};
  data::requireHost(options);
  return options;
}

}  // namespace

void shareSessions(data::PostgresqlOptions& options, std::size_t stores) {
  options.sessions_max = std::max(kSessionsLeast, options.sessions_max / stores);
  options.sessions_min = std::min(options.sessions_min, options.sessions_max);
}

data::StoreOptions storeOptions(const HostSettings& settings, const std::string& owner) {
  const std::string_view url = settings.database.url.reveal();
  if (!url.starts_with(kSqlite)) return postgresqlOptions(settings, owner);
  data::SqliteOptions options;
  options.path = std::filesystem::path{url.substr(kSqlite.size())} / (owner + ".db");
  options.owner = owner;
  return options;
}

}  // namespace bulkhead::host
