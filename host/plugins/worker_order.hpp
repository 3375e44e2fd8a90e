#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/store_options.hpp"
#include "plugins/home.hpp"
#include "plugins/home_settings.hpp"

namespace bulkhead::host {

/// What a worker is told to be, once, when it begins. It crosses the link alone, never argv or the
/// environment: the settings hold secrets.
struct WorkerOrder {
  std::string plugin;
  std::string version;
  /// The private copy, which survived preflight; empty: it has the plugin's store and none of its
  /// code.
  std::filesystem::path library;
  HomeSettings settings;
  std::vector<std::string> secrets;  ///< the values among them that no log line may show
  std::vector<std::string> replaces;
  PluginCapabilities capabilities;  ///< their contracts do not cross: they are the host's business
  HomeLimits limits;
  bool development = false;
  std::filesystem::path store;  ///< its database file; empty: none
  /// Its place in PostgreSQL instead of a file.
  std::optional<data::PostgresqlOptions> database;
  bool lease_shared = false;           ///< see SqliteOptions
  bool beside_older_code = false;      ///< see data::MigrationCompany
  std::filesystem::path crash_folder;  ///< of crash records; empty: none are kept
  std::string host_version;
  std::string host_revision;
  std::uint64_t descriptors_max = 0;  ///< 0: as many as the host may have
  bool sandbox = true;
};

/// Puts the store into the order; what is secret of it into the order's secrets.
void tellOfStore(WorkerOrder& order, const data::StoreOptions& store);
/// The store that the order has; nothing where it has none.
std::optional<data::StoreOptions> storeFrom(const WorkerOrder& order);

/// As JSON text, and back. Reading throws LinkError for anything else.
std::string toJson(const WorkerOrder& order);
WorkerOrder workerOrderFrom(std::string_view json);

/// What a plugin registered, on its way to the host.
struct WorkerRegistration {
  std::vector<std::shared_ptr<const RegisteredRoute>> routes;
  std::vector<RegisteredContributor> contributors;
  std::vector<MetricDescription> metrics;  ///< by the numbers that Records use
};
std::string toJson(const WorkerRegistration& registration);
/// Throws LinkError for what is no registration; a contract that the host refuses is its Error.
WorkerRegistration workerRegistrationFrom(std::string_view json);

/// Limits alone, for while it runs.
std::string toJson(const HomeLimits& limits);
HomeLimits homeLimitsFrom(std::string_view json);

std::string toJson(const std::vector<TableRows>& rows);
std::vector<TableRows> tableRowsFrom(std::string_view json);

}  // namespace bulkhead::host
