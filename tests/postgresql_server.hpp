#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "temporary_folder.hpp"

namespace bulkhead {

/// A PostgreSQL of its own in a temporary folder, on a socket there and, if asked, on a free
/// loopback port; it ends with this. It refuses to run as root, so it runs as nobody then. Nothing
/// of it is durable.
class PostgresqlServer {
 public:
  struct Options {
    bool tcp = false;
    bool tls = false;        ///< with a certificate for localhost: see certificate()
    std::string settings{};  ///< lines of postgresql.conf
  };

  /// Whether the server's programs are there.
  static bool isInstalled();
  /// One for all tests of a program, made when first needed.
  static PostgresqlServer& shared();

  explicit PostgresqlServer(Options options);
  PostgresqlServer() : PostgresqlServer{Options{}} {}
  ~PostgresqlServer();
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;

  /// Why it does not run; empty when it does.
  const std::string& trouble() const { return trouble_; }

  /// A new, empty database: its name.
  std::string makeDatabase();
  /// Where `database` is, for DATABASE_URL: on the socket, or on the port with `parameters`.
  std::string url(const std::string& database = "postgres") const;
  std::string tcpUrl(const std::string& database, const std::string& parameters = {}) const;
  int port() const { return port_; }
  /// The file of the certificate that signs itself.
  std::string certificate() const;

  /// What the server says to a script: its complaints and the rows that it selects.
  std::string run(const std::string& script, const std::string& database = "postgres") const;
  /// The command that runs statements, up to its database.
  std::string client(const std::string& database = "postgres") const;

  /// "fast" breaks off what runs, "immediate" is a crash.
  void stop(const std::string& mode);
  void start();

 private:
  std::string program(const std::string& name) const;
  void makeCertificate();
  void make(const Options& options);

  const TemporaryFolder folder_;
  std::string as_;  ///< what runs a program as another user
  std::string listen_;
  int port_ = 5432;
  int databases_ = 0;
  std::string trouble_;
};

/// What a shell prints for `command`, errors included.
std::string printedBy(const std::string& command);

}  // namespace bulkhead
