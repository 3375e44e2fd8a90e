#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "data/store.hpp"

namespace bulkhead::host::data {

struct PostgresqlOptions {
  /// postgresql://..., with libpq's parameters (sslmode, sslrootcert ...). Holds a password: it is
  /// never logged.
  std::string url;
  std::string owner = "store";   ///< names the store in logs: the plugin's id, or "host"
  std::string schema = "store";  ///< where its tables are; made when it is missing
  std::size_t sessions_min = 2;  ///< kept though nobody needs them (S103)
  std::size_t sessions_max = 20;
  std::chrono::milliseconds idle_timeout{30'000};
  std::chrono::milliseconds checkout_timeout{2'000};
  std::chrono::milliseconds connect_timeout{5'000};  ///< TCP, TLS and login (S100); whole seconds
  /// Between attempts to reach one that is away: from the first to the longest, with jitter (C21).
  std::chrono::milliseconds retry_first{500};
  std::chrono::milliseconds retry_longest{10'000};
  /// Between an attempt and the next that a ping makes.
  std::chrono::milliseconds ping_interval{1'000};
  /// How often a write that lost against others runs before it is given up.
  int attempts_max = 10;
  /// See SqliteOptions.
  bool rehearse_writes = false;
  bool lease_shared = false;         ///< a host takes another one's place; nothing is leased here
  StatementObserver on_statement{};  ///< may be empty
};

}  // namespace bulkhead::host::data
