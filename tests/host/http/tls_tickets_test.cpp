#include "http/tls_tickets.hpp"

#include <gtest/gtest.h>

#include "host/http/certificates.hpp"
#include "host/http/front_fixture.hpp"
#include "host/http/tls_client.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::seconds;
using test::CertificateFolder;
using test::FrontTest;
using test::PemFiles;
using test::TlsClient;
using test::TlsOffer;

class TlsTicketsTest : public FrontTest, public testing::WithParamInterface<int> {
 protected:
  TlsTicketsTest() {
    tickets_ = std::make_shared<TlsTickets>(seconds{100}, [this] { return now_.load(); });
    serve({.tls = true}, contextOf(files_, tickets_));
    start();
  }

  static std::shared_ptr<const TlsContext> contextOf(const PemFiles& files,
                                                     std::shared_ptr<TlsTickets> tickets) {
    return std::make_shared<const TlsContext>(TlsFiles{files.certificate, files.key},
                                              std::move(tickets));
  }
  /// The session of a client that comes now, with `before` where it has one; and whether that was
  /// resumed.
  std::pair<std::shared_ptr<SSL_SESSION>, bool> visit(
      std::shared_ptr<SSL_SESSION> before = nullptr) const {
    TlsClient client{front_port(), {.version_max = GetParam(), .session = std::move(before)}};
    EXPECT_TRUE(client.isConnected());
    client.send(test::get("/"));
    EXPECT_NE(client.readUntil("GET /|").find("200 OK"), std::string::npos);
    client.finishSending();  // OpenSSL resumes no session that was cut
    return {client.session(), client.isResumed()};
  }
  std::uint16_t front_port() const { return const_cast<TlsTicketsTest*>(this)->front().port(); }

  CertificateFolder folder_;
  const PemFiles files_ = folder_.make("localhost");
  std::atomic<seconds> now_{seconds{1000}};
  std::shared_ptr<TlsTickets> tickets_;
};

TEST_P(TlsTicketsTest, AReturningClientResumesWithinTwoPeriodsAndNotAfter) {
  EXPECT_FALSE(visit().second) << "the first time";
  const auto session = visit().first;
  EXPECT_TRUE(visit(session).second);
  now_ = seconds{1150};
  EXPECT_TRUE(visit(session).second) << "the key of the period before still opens";
  now_ = seconds{1290};
  visit();
  EXPECT_FALSE(visit(session).second) << "two periods later it is gone";
}

// Goal: it is the keys that resume, and they outlive a certificate. Method: another certificate
// with the same keys, then with others, which is the control.
TEST_P(TlsTicketsTest, SessionsOutliveARenewedCertificateByTheirKeysAlone) {
  const auto session = visit().first;
  const PemFiles renewed = folder_.make("renewed");
  front().setTls(contextOf(renewed, tickets_));
  EXPECT_TRUE(visit(session).second);
  front().setTls(contextOf(renewed, std::make_shared<TlsTickets>()));
  EXPECT_FALSE(visit(session).second);
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsTicketsTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

}  // namespace
}  // namespace bulkhead::host
