#pragma once

#include <memory>

#include "data/postgresql_options.hpp"
#include "data/store.hpp"

namespace bulkhead::host::data {

/// Throws Error (configuration, DATABASE_URL) for a URL that libpq does not read; its text, which
/// holds a password, is not in what is said.
void requireReadable(const PostgresqlOptions& options);
/// The same for one that names no host, or a folder as one: the server's Unix socket is there,
/// where workers of plugins may not go.
void requireHost(const PostgresqlOptions& options);

/// A store in a schema of one PostgreSQL database, which any number of processes write.
///
/// A write is one SERIALIZABLE transaction, a read one snapshot. A write that lost against another
/// one runs again, alone in this process, `attempts_max` times at most (then 503 DATABASE_BUSY); a
/// commit that was not answered is not tried again, since nobody knows what became of it. The
/// caller's deadline ends its statements on the server.
///
/// A server that is away gives DATABASE_UNAVAILABLE at once, while it is tried again in the
/// background; nobody has to be told when it is back.
///
/// Opens nothing yet: the first verb does. Never throws for a database's sake; Error
/// (configuration) for a URL that cannot be read.
std::unique_ptr<Store> openPostgresqlStore(PostgresqlOptions options);

}  // namespace bulkhead::host::data
