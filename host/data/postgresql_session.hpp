#pragma once

#include <Poco/Data/Session.h>
#include <libpq-fe.h>

#include "data/postgresql_options.hpp"

namespace bulkhead::host::data {

/// Connects and logs in, within the options' time. In its session: UTC, ISO dates, UTF-8, the
/// store's schema alone in the search path. Throws DATABASE_UNAVAILABLE.
Poco::Data::Session openSession(const PostgresqlOptions& options);

/// libpq's handle of a session.
PGconn* handleOf(Poco::Data::Session& session);

/// False when the connection to the server has broken.
bool isThere(Poco::Data::Session& session);

/// Makes the schema of the store if it is missing. Throws Poco::Exception when it may not.
void makeSchema(Poco::Data::Session& session, const PostgresqlOptions& options);

/// Runs a text of many statements as it stands, without values. Throws Poco::Exception.
void runScript(Poco::Data::Session& session, const std::string& sql);

/// `name` as a word of SQL.
std::string sqlName(std::string_view name);

/// The number of an advisory lock that stands for `text`, the same in every process.
std::int64_t lockNumber(std::string_view text);

}  // namespace bulkhead::host::data
