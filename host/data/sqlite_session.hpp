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

/// Throws DATABASE_UNAVAILABLE for a file that is there and may not be written: SQLite would open
/// it for reading. What was made beside it meanwhile, with its mode, may be written again.
void requireWritable(const std::filesystem::path& path);

}  // namespace bulkhead::host::data
