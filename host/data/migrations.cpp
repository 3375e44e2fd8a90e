#include "data/migrations.hpp"

#include <Poco/Data/Session.h>
#include <Poco/Data/Statement.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/DigestEngine.h>
#include <Poco/Logger.h>
#include <Poco/SHA2Engine.h>
#include <Poco/Timestamp.h>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "data/database_error.hpp"
#include "data/postgresql_session.hpp"

namespace bulkhead::host::data {
namespace {

using namespace Poco::Data::Keywords;
using Poco::Data::Session;

constexpr const char* kExpand = "expand";
constexpr const char* kContract = "contract";

struct Applied {
  std::vector<int> numbers;
  std::vector<std::string> names;
  std::vector<std::string> digests;
  std::vector<std::string> kinds;

  int last() const { return numbers.empty() ? 0 : numbers.back(); }
};

std::string sha256(const std::string& text) {
  Poco::SHA2Engine engine{Poco::SHA2Engine::SHA_256};
  engine.update(text);
  return Poco::DigestEngine::digestToHex(engine.digest());
}

void checkList(const std::string& owner, const std::vector<Migration>& migrations) {
  int expected = 0;
  for (const Migration& migration : migrations) {
    if (migration.number == ++expected && !migration.name.empty()) continue;
    throw Error::configuration(
        "MIGRATIONS_INVALID",
        fmt::format("The migrations of '{}' are not numbered 1, 2, 3 ...: {} ({}) stands where {} "
                    "is expected.",
                    owner, migration.number, migration.name, expected));
  }
}

void makeTable(Session& session, Engine engine, const std::string& table) {
  session << fmt::format(
      "CREATE TABLE IF NOT EXISTS {} (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT "
      "NOT NULL, applied_at TEXT NOT NULL, kind TEXT NOT NULL DEFAULT 'contract')",
      table),
      now;
  if (engine == Engine::Postgresql) return;
  int kinds = 0;  // tables of earlier versions have no such column
  session << fmt::format("SELECT count(*) FROM pragma_table_info('{}') WHERE name = 'kind'", table),
      into(kinds), now;
  if (kinds == 0)
    session << fmt::format("ALTER TABLE {} ADD COLUMN kind TEXT NOT NULL DEFAULT 'contract'",
                           table),
        now;
}

Applied loadApplied(Session& session, const std::string& table) {
  Applied applied;
  session << fmt::format("SELECT number, name, sha256, kind FROM {} ORDER BY number", table),
      into(applied.numbers), into(applied.names), into(applied.digests), into(applied.kinds), now;
  return applied;
}

void checkApplied(const std::string& owner, const std::vector<Migration>& migrations,
                  const Applied& applied) {
  const int known = migrations.empty() ? 0 : migrations.back().number;
  for (std::size_t i = 0; i < applied.numbers.size(); ++i) {
    if (applied.numbers[i] > known) {
      if (applied.kinds[i] == kExpand) continue;
      throw Error::configuration(
          "SCHEMA_TOO_NEW",
          fmt::format("The database of '{}' is at migration {} ({}), but this version knows only "
                      "{}. Start the newer version, or restore a copy made before it.",
                      owner, applied.numbers[i], applied.names[i], known));
    }
    const Migration& migration = migrations[i];
    if (applied.numbers[i] == migration.number && applied.digests[i] == sha256(migration.sql)) {
      continue;
    }
    throw Error::configuration(
        "MIGRATION_CHANGED",
        fmt::format("Migration {} ({}) of '{}' was changed after it was applied. Restore its text "
                    "and add a new migration instead.",
                    migration.number, migration.name, owner));
  }
}

/// The first to come that older code would not survive; null for none.
const Migration* firstContract(const std::vector<Migration>& migrations, const Applied& applied) {
  if (applied.numbers.empty()) return nullptr;
  for (std::size_t i = applied.numbers.size(); i < migrations.size(); ++i) {
    if (kindOf(migrations[i]) == MigrationKind::Contract) return &migrations[i];
  }
  return nullptr;
}

void checkCompany(Store& store, const std::string& owner, const std::vector<Migration>& migrations,
                  const Applied& applied, MigrationCompany company) {
  const Migration* const contract = firstContract(migrations, applied);
  if (contract == nullptr) return;
  const bool here = company == MigrationCompany::OlderCode;
  if (!here && store.isAlone()) return;
  throw Error::configuration(
      "MIGRATION_CONTRACTS",
      fmt::format("Migration {} ({}) of '{}' is not one that the running version can live with. {}",
                  contract->number, contract->name, owner,
                  here ? "Reload the plugin with --pause: then the running version ends before it "
                         "is applied."
                       : "Stop the other hosts that run it on this database first."));
}

void record(Session& session, const std::string& table, const Migration& migration) {
  int number = migration.number;
  std::string name = migration.name;
  std::string digest = sha256(migration.sql);
  std::string applied_at =
      Poco::DateTimeFormatter::format(Poco::Timestamp{}, Poco::DateTimeFormat::ISO8601_FORMAT);
  std::string kind = kindOf(migration) == MigrationKind::Expand ? kExpand : kContract;
  session << fmt::format(
      "INSERT INTO {} (number, name, sha256, applied_at, kind) VALUES ($1, $2, $3, $4, $5)", table),
      use(number), use(name), use(digest), use(applied_at), use(kind), now;
}

/// Poco prepares what it is given, and PostgreSQL prepares one statement at a time.
void runText(Session& session, Engine engine, const std::string& sql) {
  if (engine == Engine::Postgresql)
    runScript(session, sql);
  else
    session << sql, now;
}

// BEGIN as a statement: Session::begin() would defer the lock of SQLite until the first write.
void apply(Session& session, Engine engine, const std::string& owner, const std::string& table,
           const Migration& migration) {
  session << (engine == Engine::Postgresql ? "BEGIN" : "BEGIN IMMEDIATE"), now;
  try {
    runText(session, engine, migration.sql);
    record(session, table, migration);
    runText(session, engine, "COMMIT");
  } catch (const Poco::Exception& exception) {
    Poco::Logger::get("data").error(
        fmt::format("{}: migration {}: {}", owner, migration.number, exception.displayText()));
    try {
      session << "ROLLBACK", now;
    } catch (const Poco::Exception&) {
      // The statement that failed had already ended the transaction.
    }
    if (engine == Engine::Postgresql && !isThere(session)) throw databaseUnavailable();
    throw Error::configuration("MIGRATION_FAILED",
                               fmt::format("Migration {} ({}) of '{}' failed and was rolled back.",
                                           migration.number, migration.name, owner));
  }
}

}  // namespace

MigrationKind kindOf(const Migration& migration) {
  const std::string first = migration.sql.substr(0, migration.sql.find('\n'));
  return first == "-- expand" || first == "-- expand\r" ? MigrationKind::Expand
                                                        : MigrationKind::Contract;
}

int migrate(Store& store, const std::string& owner, const std::vector<Migration>& migrations,
            std::chrono::steady_clock::time_point deadline, MigrationCompany company,
            const std::string& table) {
  checkList(owner, migrations);
  int count = 0;
  store.maintain(
      [&](Session& session) {
        makeTable(session, store.engine(), table);
        const Applied applied = loadApplied(session, table);
        checkApplied(owner, migrations, applied);
        checkCompany(store, owner, migrations, applied, company);
        for (std::size_t i = applied.numbers.size(); i < migrations.size(); ++i) {
          apply(session, store.engine(), owner, table, migrations[i]);
          ++count;
        }
        store.settle();
      },
      deadline);
  return count;
}

int schemaVersion(Store& store, std::chrono::steady_clock::time_point deadline) {
  int version = 0;
  store.maintain(
      [&](Session& session) {
        makeTable(session, store.engine(), kSchemaMigrations);
        version = loadApplied(session, kSchemaMigrations).last();
      },
      deadline);
  return version;
}

}  // namespace bulkhead::host::data
