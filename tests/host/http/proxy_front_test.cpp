#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/http/certificates.hpp"
#include "host/http/front_fixture.hpp"
#include "host/http/proxy_bytes.hpp"
#include "host/http/tls_client.hpp"

namespace bulkhead::host::test {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

/// A front that demands the header, and answers with the address that it takes for the client's.
class ProxyFrontTest : public FrontTest {
 protected:
  void startProxied(FrontOptions options = {}, Service service = {.proxy_protocol = true}) {
    if (!options.may_send_proxy_header)
      options.may_send_proxy_header = [](std::string_view address) {
        return address == "127.0.0.1";
      };
    const PemFiles files = folder_.make("localhost");
    serve(service, std::make_shared<const TlsContext>(TlsFiles{files.certificate, files.key},
                                                      std::make_shared<TlsTickets>()));
    start(options, [](const std::shared_ptr<Exchange>& exchange) {
      exchange->respond(HttpResponse::text(200, "client " + exchange->request().peer.address.text(),
                                           "text/plain"));
    });
  }
  /// The answer's body to a request behind `header`; empty when the connection was closed.
  std::string bodyBehind(std::string_view header) {
    RawClient client = this->client();
    client.send(std::string{header} + get("/"));
    const auto answer = client.read();
    return answer ? answer->body : "";
  }

  CertificateFolder folder_;
};

TEST_F(ProxyFrontTest, TheClientIsWhomTheBalancerNames) {
  startProxied();
  EXPECT_EQ(bodyBehind(proxyFor(7)), "client 198.51.100.7");
  EXPECT_EQ(bodyBehind(proxyHeader(0x20, 0, "")), "client 127.0.0.1") << "its own check";
}

TEST_F(ProxyFrontTest, WithoutTheHeaderNobodyIsServed) {
  startProxied();
  EXPECT_EQ(bodyBehind(""), "");
  EXPECT_EQ(bodyBehind("PROXY TCP4 198.51.100.7 127.0.0.1 1 2\r\n"), "");
  EXPECT_TRUE(eventually([&] { return rejected("proxy_header") == 2; }));
  EXPECT_EQ(front().counters().requests, 0U);
}

TEST_F(ProxyFrontTest, FromAPeerThatIsNotTrustedItIsRefused) {
  FrontOptions options;
  options.may_send_proxy_header = [](std::string_view address) { return address == "192.0.2.1"; };
  startProxied(options);
  EXPECT_EQ(bodyBehind(proxyFor(7)), "");
  EXPECT_TRUE(eventually([&] { return rejected("proxy_header") == 1; }));
}

// The control: a listener that does not ask for the header takes it for a request, and nobody can
// smuggle an address in.
TEST_F(ProxyFrontTest, AListenerThatDoesNotAskForItBelievesNone) {
  startProxied({}, {});
  RawClient client = this->client();
  client.send(proxyFor(7) + get("/"));
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
}

TEST_F(ProxyFrontTest, ItMayComeByteByByteAndIsBoundedInTime) {
  FrontOptions options;
  options.handshake_deadline = milliseconds{500};
  startProxied(options);
  RawClient client = this->client();
  for (const char byte : proxyFor(9)) ASSERT_TRUE(client.send({&byte, 1}));
  client.send(get("/"));
  EXPECT_EQ(client.read()->body, "client 198.51.100.9");
  RawClient half = this->client();
  half.send(proxyFor(9).substr(0, 20));
  EXPECT_TRUE(half.closedWithin());
  EXPECT_EQ(rejected("handshake_timeout"), 1U);
}

TEST_F(ProxyFrontTest, TheCapOfOneClientCountsTheClientsAndNotTheBalancer) {
  FrontOptions options;
  options.connections_per_ip_max = 2;
  startProxied(options);
  std::deque<RawClient> clients;
  for (const char last : {'\x01', '\x01', '\x02', '\x02'}) {
    clients.push_back(client());
    clients.back().send(proxyFor(static_cast<unsigned char>(last)) + get("/"));
    ASSERT_TRUE(clients.back().read()) << int{last};
  }
  EXPECT_EQ(bodyBehind(proxyFor(1)), "");
  EXPECT_EQ(rejected("ip_cap"), 1U);
  clients.pop_front();
  EXPECT_TRUE(eventually([&] { return bodyBehind(proxyFor(1)) == "client 198.51.100.1"; }));
}

TEST_F(ProxyFrontTest, ItStandsBeforeTheHandshakeOfTls) {
  startProxied({}, {.tls = true, .proxy_protocol = true});
  TlsClient client{front().port(), {}, proxyFor(3)};
  ASSERT_TRUE(client.isConnected());
  client.send(get("/"));
  EXPECT_THAT(client.readUntil("client 198.51.100.3"), HasSubstr("200 OK"));
  EXPECT_FALSE(TlsClient{front().port()}.isConnected());
}

}  // namespace
}  // namespace bulkhead::host::test
