#include "postgresql_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead {
namespace {

constexpr uid_t kNobody = 65534;

std::string programsFolder() {
  std::string newest;
  std::error_code none;
  for (const auto& version : std::filesystem::directory_iterator{"/usr/lib/postgresql", none}) {
    const auto folder = version.path() / "bin";
    if (std::filesystem::exists(folder / "initdb")) newest = std::max(newest, folder.string());
  }
  return newest;
}

int freePort() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(probe, plain, size) == 0 && ::getsockname(probe, plain, &size) == 0;
  ::close(probe);
  return bound ? ntohs(address.sin_port) : 0;
}

}  // namespace

std::string printedBy(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen((command + " 2>&1").c_str(), "r"), pclose};
  std::string text;
  for (int c = fgetc(pipe.get()); c != EOF; c = fgetc(pipe.get())) text += static_cast<char>(c);
  return text;
}

bool PostgresqlServer::isInstalled() {
  return !programsFolder().empty();
}

PostgresqlServer& PostgresqlServer::shared() {
  static PostgresqlServer server;
  return server;
}

PostgresqlServer::PostgresqlServer(Options options) {
  if (geteuid() == 0) {
    as_ = "setpriv --reuid=nobody --regid=nogroup --clear-groups ";
    if (chown(folder_.path().c_str(), kNobody, kNobody) != 0) trouble_ = "chown failed";
  }
  if (options.tcp || options.tls) port_ = freePort();
  listen_ = options.tcp || options.tls ? "127.0.0.1" : "";
  make(options);
  if (trouble_.empty()) start();
}

void PostgresqlServer::make(const Options& options) {
  const std::string made =
      printedBy(fmt::format("cd / && {} -D {}/data -U owner -A trust --no-sync", program("initdb"),
                            folder_.path().string()));
  if (made.find("Success") == std::string::npos) trouble_ = made;
  if (options.tls) makeCertificate();
  std::ofstream settings{folder_ / "data/postgresql.conf", std::ios::app};
  settings << "fsync = off\nmax_connections = 60\n" << options.settings << '\n';
  if (options.tls) {
    settings << fmt::format(
        "ssl = on\nssl_cert_file = '{0}/tls.crt'\nssl_key_file = '{0}/tls.key'\n",
        folder_.path().string());
  }
}

void PostgresqlServer::makeCertificate() {
  printedBy(fmt::format(
      "cd / && {1}openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
      "-addext subjectAltName=DNS:localhost -keyout {0}/tls.key -out {0}/tls.crt && {1}chmod 600 "
      "{0}/tls.key",
      folder_.path().string(), as_));
}

PostgresqlServer::~PostgresqlServer() {
  stop("immediate");
}

void PostgresqlServer::start() {
  const std::string said = printedBy(fmt::format(
      "cd / && {0} -D {1}/data -w -l {1}/log -o '-k {1} -p {2} -c listen_addresses={3}' start",
      program("pg_ctl"), folder_.path().string(), port_, listen_));
  if (said.find("server started") == std::string::npos) trouble_ = said;
}

void PostgresqlServer::stop(const std::string& mode) {
  printedBy(fmt::format("cd / && {} -D {}/data -m {} -w stop", program("pg_ctl"),
                        folder_.path().string(), mode));
}

std::string PostgresqlServer::program(const std::string& name) const {
  return as_ + programsFolder() + '/' + name;
}

std::string PostgresqlServer::makeDatabase() {
  const std::string name = fmt::format("test{}", ++databases_);
  trouble_ += run(fmt::format("create database {};", name));
  return name;
}

std::string PostgresqlServer::url(const std::string& database) const {
  return fmt::format("postgresql://owner@/{}?host={}&port={}", database, folder_.path().string(),
                     port_);
}

std::string PostgresqlServer::tcpUrl(const std::string& database,
                                     const std::string& parameters) const {
  return fmt::format("postgresql://owner@localhost:{}/{}?hostaddr=127.0.0.1{}", port_, database,
                     parameters);
}

std::string PostgresqlServer::certificate() const {
  return (folder_ / "tls.crt").string();
}

std::string PostgresqlServer::client(const std::string& database) const {
  return fmt::format("{}/psql -X -q -t -A -v VERBOSITY=terse -h {} -p {} -U owner -d {}",
                     programsFolder(), folder_.path().string(), port_, database);
}

std::string PostgresqlServer::run(const std::string& script, const std::string& database) const {
  const std::filesystem::path file = folder_ / "script.sql";
  std::ofstream{file} << script;
  return printedBy(fmt::format("{} -f {}", client(database), file.string()));
}

}  // namespace bulkhead
