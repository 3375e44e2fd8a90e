#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "data/database_error.hpp"
#include "data/postgresql_store.hpp"
#include "host/data/store_fixture.hpp"
#include "postgresql_server.hpp"

namespace bulkhead::host::data {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// A port on which somebody listens and nobody answers.
class BlackHole {
 public:
  BlackHole() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, plain, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, plain, &size) != 0)
      throw std::runtime_error{"no port"};
    port_ = ntohs(address.sin_port);
  }
  ~BlackHole() { ::close(socket_); }
  BlackHole(const BlackHole&) = delete;
  BlackHole& operator=(const BlackHole&) = delete;
  int port() const { return port_; }

 private:
  const int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

PostgresqlOptions quick(const std::string& url) {
  PostgresqlOptions options;
  options.url = url;
  options.retry_first = milliseconds{50};
  options.retry_longest = milliseconds{200};
  options.ping_interval = milliseconds{50};
  return options;
}

void expectAway(Store& store) {
  try {
    number(store, "SELECT 1");
    FAIL() << "it is there";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "DATABASE_UNAVAILABLE");
    EXPECT_EQ(error.message(), "Database unavailable. Server running in degraded mode.");
    EXPECT_TRUE(error.retryAfterSeconds() > 0);
  }
}

bool comesBack(Store& store, bool by_ping) {
  for (const auto until = Clock::now() + seconds{20}; Clock::now() < until;) {
    if (by_ping ? store.ping() : codeOf([&] { number(store, "SELECT 1"); }) == "none") return true;
    std::this_thread::yield();
  }
  return false;
}

class PostgresqlAway : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresqlServer::isInstalled()) GTEST_SKIP() << "PostgreSQL is not installed";
    ASSERT_EQ(server.trouble(), "");
  }
  PostgresqlServer server;
};

// Goal: a server that is not there costs its callers no time, and nobody has to say when it is.
TEST_F(PostgresqlAway, S81_S94_S102_S105_ItMayBeAwayAtTheStart) {
  server.stop("fast");
  const auto store = openPostgresqlStore(quick(server.url()));
  expectAway(*store);
  const auto begun = Clock::now();
  for (int i = 0; i < 100; ++i) expectAway(*store);
  EXPECT_LT(Clock::now() - begun, seconds{2});
  EXPECT_FALSE(store->ping());
  server.start();
  EXPECT_TRUE(comesBack(*store, false)) << "by the attempts in the background alone";
}

TEST_F(PostgresqlAway, S94_S95_S105_ItMayCrashWhileItIsUsed) {
  const auto store = openPostgresqlStore(quick(server.url()));
  run(*store, "CREATE TABLE t (id BIGINT)");
  EXPECT_EQ(codeOf([&] {
              store->write(
                  [&](Transaction& tx) {
                    send(tx, "INSERT INTO t VALUES (1)");
                    server.stop("immediate");
                    send(tx, "INSERT INTO t VALUES (2)");
                  },
                  within());
            }),
            "DATABASE_UNAVAILABLE");
  expectAway(*store);
  EXPECT_FALSE(store->ping());
  server.start();
  EXPECT_TRUE(comesBack(*store, false));
  EXPECT_EQ(number(*store, "SELECT count(*) FROM t"), 0) << "nothing of what was broken off";
}

// Goal: a server that writes no more is away, and its sessions are not kept.
TEST_F(PostgresqlAway, OneThatOnlyReadsIsAway) {
  const auto store = openPostgresqlStore(quick(server.url()));
  run(*store, "CREATE TABLE t (id BIGINT)");
  const auto says = [&](const char* setting) {
    server.run(std::string{"alter system set default_transaction_read_only = "} + setting +
               ";\nselect pg_reload_conf();");
  };
  says("on");
  std::string code = "none";
  for (const auto until = Clock::now() + seconds{20}; code == "none" && Clock::now() < until;)
    code = codeOf([&] { run(*store, "INSERT INTO t VALUES (1)"); });
  EXPECT_EQ(code, "DATABASE_UNAVAILABLE");
  expectAway(*store);
  says("off");
  EXPECT_TRUE(comesBack(*store, false));
  EXPECT_EQ(codeOf([&] { run(*store, "INSERT INTO t VALUES (1)"); }), "none");
}

// Goal: who asks after it has it tried at once (C21), not before the interval. Method: no attempts
// in the background.
TEST_F(PostgresqlAway, S101_C21_WhoAsksHasItTriedAtOnce) {
  server.stop("fast");
  PostgresqlOptions options = quick(server.url());
  options.retry_first = options.retry_longest = std::chrono::hours{1};
  const auto store = openPostgresqlStore(options);
  expectAway(*store);
  server.start();
  expectAway(*store);
  EXPECT_TRUE(comesBack(*store, true));
  EXPECT_EQ(number(*store, "SELECT 1"), 1);
  options.ping_interval = std::chrono::hours{1};
  const auto patient = openPostgresqlStore(options);
  server.stop("fast");
  expectAway(*patient);
  server.start();
  EXPECT_FALSE(patient->ping()) << "the last attempt was just now";
}

// Goal: a server that takes connections and says nothing is given up in the connect time-out, by
// the first who needs it alone.
TEST(PostgresqlBlackHole, S100_C20_GivenUpInTheConnectTimeout) {
  const BlackHole hole;
  PostgresqlOptions options =
      quick("postgresql://u@127.0.0.1:" + std::to_string(hole.port()) + "/x");
  options.connect_timeout = seconds{2};
  options.retry_first = options.retry_longest = std::chrono::hours{1};
  const auto store = openPostgresqlStore(options);
  const auto begun = Clock::now();
  expectAway(*store);
  const auto first = Clock::now() - begun;
  EXPECT_GE(first, milliseconds{900});
  EXPECT_LT(first, seconds{8});
  const auto again = Clock::now();
  expectAway(*store);
  EXPECT_LT(Clock::now() - again, milliseconds{500});
}

// Goal: TLS that is asked for is used and checked: by whom the certificate is, and for whom.
TEST(PostgresqlTls, S104_TheServerIsCheckedAsTheUrlSays) {
  if (!PostgresqlServer::isInstalled()) GTEST_SKIP() << "PostgreSQL is not installed";
  const PostgresqlServer server{{.tls = true}};
  ASSERT_EQ(server.trouble(), "");
  const std::string strict = "&sslmode=verify-full&sslrootcert=";
  const auto store =
      openPostgresqlStore(quick(server.tcpUrl("postgres", strict + server.certificate())));
  EXPECT_EQ(number(*store, "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"),
            1);
  EXPECT_EQ(number(*store, "SELECT current_setting('tcp_keepalives_idle')::int"), 10)
      << "what a machine that died held is free soon";
  const auto wrong = openPostgresqlStore(
      quick(server.tcpUrl("postgres", strict + "/etc/ssl/certs/ca-certificates.crt")));
  expectAway(*wrong);
  std::string other = server.tcpUrl("postgres", strict + server.certificate());
  other.replace(other.find("localhost"), 9, "elsewhere");
  expectAway(*openPostgresqlStore(quick(other)));
}

}  // namespace
}  // namespace bulkhead::host::data
