#include "data/postgresql_session.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Data/DataException.h>
#include <Poco/Data/PostgreSQL/PostgreSQLException.h>
#include <Poco/Data/PostgreSQL/SessionImpl.h>
#include <Poco/Data/PostgreSQL/Utility.h>
#include <Poco/Data/Statement.h>
#include <Poco/Logger.h>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "data/database_error.hpp"
#include "data/postgresql_store.hpp"

namespace bulkhead::host::data {
namespace {

using Poco::Data::Keywords::into;
using Poco::Data::Keywords::now;

using Poco::Data::PostgreSQL::SessionHandle;

/// The place where Poco has its handle, which it shows to nobody.
template <PGconn* SessionHandle::*Place>
struct HandlePlace {
  friend PGconn*& placeOf(SessionHandle& handle) { return handle.*Place; }
};
template struct HandlePlace<&SessionHandle::_pConnection>;
PGconn*& placeOf(SessionHandle& handle);

/// Poco frees the handle of a connection that stands, and forgets that of one which broke.
class OwnSession final : public Poco::Data::PostgreSQL::SessionImpl {
 public:
  using SessionImpl::SessionImpl;
  ~OwnSession() override {
    PGconn*& connection = placeOf(handle());
    if (connection != nullptr && PQstatus(connection) != CONNECTION_OK)
      PQfinish(std::exchange(connection, nullptr));
  }
};

using Fields = std::map<std::string, std::string>;

/// One for each host of the URL; empty is the usual one.
bool arePorts(std::string_view list) {
  const auto isPort = [](std::string_view text) {
    if (text.empty()) return true;
    unsigned port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    return problem == std::errc{} && end == text.data() + text.size() && port > 0 && port < 65536;
  };
  std::size_t comma = 0;
  while ((comma = list.find(',')) != list.npos) {
    if (!isPort(list.substr(0, comma))) return false;
    list.remove_prefix(comma + 1);
  }
  return isPort(list);
}

Error unreadable() {
  return Error::configuration("DATABASE_URL",
                              "DATABASE_URL cannot be read: write "
                              "postgresql://user:password@host:port/database?sslmode=...");
}

// Messages of the parser may quote the URL, with its password; and it takes anything for a port.
Fields fieldsOf(const PostgresqlOptions& options) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed{
      PQconninfoParse(options.url.c_str(), &complaint), PQconninfoFree};
  PQfreemem(complaint);
  if (!parsed) throw unreadable();
  Fields fields;
  for (const PQconninfoOption* one = parsed.get(); one->keyword != nullptr; ++one) {
    if (one->val == nullptr) continue;
    if (std::string_view{one->val}.find(' ') != std::string_view::npos) {  // Poco parts there
      throw Error::configuration(
          "DATABASE_URL",
          fmt::format("DATABASE_URL has a space in its {}: that cannot be passed on.",
                      one->keyword));
    }
    fields.emplace(one->keyword, one->val);
  }
  const auto port = fields.find("port");
  if (port != fields.end() && !arePorts(port->second)) throw unreadable();
  return fields;
}

std::string inQuotes(const std::string& value) {
  std::string text{"'"};
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + '\'';
}

// What the URL says stays; an end of the network that says nothing is noticed all the same.
std::string connectionText(const PostgresqlOptions& options) {
  Fields fields = fieldsOf(options);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(options.connect_timeout).count();
  fields.insert({{"connect_timeout", fmt::format("{}", std::max<std::int64_t>(seconds, 2))},
                 {"application_name", "bulkhead-" + options.owner},
                 {"client_encoding", "UTF8"},
                 {"gssencmode", "disable"},
                 {"keepalives_idle", "10"},
                 {"keepalives_interval", "5"},
                 {"keepalives_count", "3"},
                 {"tcp_user_timeout", "20000"},
                 {"target_session_attrs", "read-write"}});
  std::string text;
  for (const auto& [name, value] : fields)
    text += (text.empty() ? "" : " ") + name + '=' + inQuotes(value);
  return text;
}

// An idle transaction holds locks and keeps old rows: whoever forgot one loses it. So does a
// machine that died: the server looks after its end of the network as we do after ours, or what
// was held there would be for hours.
void configure(Poco::Data::Session& session, const PostgresqlOptions& options) {
  runScript(
      session,
      fmt::format("SET search_path TO {}; SET timezone TO 'UTC'; SET datestyle TO 'ISO, "
                  "YMD'; SET intervalstyle TO 'iso_8601'; SET bytea_output TO 'hex'; SET "
                  "standard_conforming_strings TO on; SET "
                  "idle_in_transaction_session_timeout TO '60s'; SET extra_float_digits TO 1; "
                  "SET tcp_keepalives_idle TO 10; SET tcp_keepalives_interval TO 5; SET "
                  "tcp_keepalives_count TO 3; SET tcp_user_timeout TO 20000",
                  sqlName(options.schema)));
}

void ignoreNotice(void*, const PGresult*) {}

// A connection that fails is forgotten where it is made, 36 KiB at each attempt while a server is
// away: Poco is asked for what has just succeeded.
void requireConnection(const std::string& text) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> probe{PQconnectdb(text.c_str()), PQfinish};
  if (PQstatus(probe.get()) != CONNECTION_OK)
    throw Poco::Data::ConnectionFailedException(PQerrorMessage(probe.get()));
}

}  // namespace

void requireReadable(const PostgresqlOptions& options) {
  static_cast<void>(fieldsOf(options));
}

void requireHost(const PostgresqlOptions& options) {
  const Fields fields = fieldsOf(options);
  const auto address = fields.find("hostaddr");
  if (address != fields.end() && !address->second.empty()) return;
  const auto host = fields.find("host");
  const std::string list = host == fields.end() ? "" : ',' + host->second + ',';
  const bool on_socket = list.find(",/") != list.npos || list.find(",@") != list.npos ||
                         list.find(",,") != list.npos || list.empty();
  if (!on_socket) return;
  throw Error::configuration(
      "DATABASE_URL",
      "DATABASE_URL is on a Unix socket, which workers of plugins may not use: write the host and "
      "the port of the server, such as 127.0.0.1:5432.");
}

Poco::Data::Session openSession(const PostgresqlOptions& options) {
  const std::string text = connectionText(options);
  try {
    requireConnection(text);
    Poco::AutoPtr<Poco::Data::SessionImpl> implementation{
        std::make_unique<OwnSession>(text).release()};
    Poco::Data::Session session{implementation};
    PQsetNoticeReceiver(handleOf(session), ignoreNotice, nullptr);
    PQsetErrorVerbosity(handleOf(session), PQERRORS_TERSE);  // details quote what rows have
    configure(session, options);
    return session;
  } catch (const Poco::Exception& exception) {
    Poco::Logger::get("data").warning(fmt::format("{}: PostgreSQL cannot be reached: {}",
                                                  options.owner, exception.displayText()));
    throw databaseUnavailable();
  }
}

PGconn* handleOf(Poco::Data::Session& session) {
  return *Poco::Data::PostgreSQL::Utility::handle(session);
}

bool isThere(Poco::Data::Session& session) {
  return PQstatus(handleOf(session)) == CONNECTION_OK;
}

void makeSchema(Poco::Data::Session& session, const PostgresqlOptions& options) {
  int known = 0;
  session << fmt::format("SELECT count(*) FROM pg_namespace WHERE nspname = '{}'", options.schema),
      into(known), now;
  if (known != 0) return;
  // One transaction, with whose commit the lock goes: others look again behind it.
  runScript(session, fmt::format("SELECT pg_advisory_xact_lock({}); CREATE SCHEMA IF NOT EXISTS {}",
                                 lockNumber("schema " + options.schema), sqlName(options.schema)));
}

void runScript(Poco::Data::Session& session, const std::string& sql) {
  PGconn* const handle = handleOf(session);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result{PQexec(handle, sql.c_str()), PQclear};
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
    return;
  throw Poco::Data::PostgreSQL::PostgreSQLException{PQerrorMessage(handle)};
}

std::string sqlName(std::string_view name) {
  std::string text{"\""};
  for (const char c : name) {
    if (c == '"') text += c;
    text += c;
  }
  return text + '"';
}

std::int64_t lockNumber(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<std::int64_t>(hash);
}

}  // namespace bulkhead::host::data
