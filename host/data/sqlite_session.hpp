#pragma once

#include <Poco/Data/Session.h>
#include <chrono>

#include "data/sqlite_connection.hpp"

namespace bulkhead::host::data {

/// How long opening a database may take.
constexpr std::chrono::seconds kConnectTimeout{5};

/// Opens a store's file, and makes it where it is missing, 0600; sets nothing. Throws
/// DATABASE_UNAVAILABLE when it cannot be opened.
Poco::Data::Session openSession(const SqliteOptions& options, SqliteConnection::Role role);

}  // namespace bulkhead::host::data
