#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/sqlite_store.hpp"
#include "host/data/store_fixture.hpp"
#include "security/key_store.hpp"

namespace bulkhead::host {

constexpr std::int64_t kSecondUs = 1'000'000;
inline const Administrator kOperator{"key:operator", "192.0.2.9", "request-1"};

using data::codeOf;

/// A key store on a file, with a clock that the test moves.
struct KeyFixture {
  std::unique_ptr<KeyStore> openKeys() {
    auto opened =
        std::make_unique<KeyStore>(*store, KeyStoreOptions{.snapshot = folder / "keys.snapshot",
                                                           .stale_max = std::chrono::seconds{3600},
                                                           .now_us = [this] { return now_us; }});
    return opened;
  }

  Tenant tenant(const std::string& slug) {
    return keys->createTenant({.slug = slug, .name = slug, .time_zone = "Europe/Berlin"},
                              kOperator);
  }
  CreatedApiKey key(std::vector<std::string> tenants,
                    std::vector<std::string> scopes = {"booking:*"}) {
    NewApiKey wanted;
    wanted.name = "desk";
    wanted.scopes = std::move(scopes);
    wanted.tenants = std::move(tenants);
    return keys->createKey(wanted, kOperator);
  }
  /// The database goes away: something stands where its file was.
  void takeDatabaseAway() {
    std::error_code never_made;
    std::filesystem::rename(folder / "db", folder / "aside", never_made);
    store = data::openSqliteStore(
        {.path = folder / "db/host.db", .retry_interval = std::chrono::milliseconds{0}});
    std::filesystem::create_symlink("/dev/null/nowhere", folder / "db");
    keys = openKeys();
  }
  void bringDatabaseBack() {
    std::filesystem::remove(folder / "db");
    std::filesystem::rename(folder / "aside", folder / "db");
  }

  TemporaryFolder folder;
  std::int64_t now_us = 1'800'000'000 * kSecondUs;
  std::unique_ptr<data::SqliteStore> store = data::openSqliteStore({.path = folder / "db/host.db"});
  std::unique_ptr<KeyStore> keys = openKeys();
};

}  // namespace bulkhead::host
