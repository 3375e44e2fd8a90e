#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "host/http/certificates.hpp"
#include "host/http/front_fixture.hpp"
#include "host/http/tls_client.hpp"

namespace bulkhead::host::test {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

/// A body that shows when a byte of it is lost or out of place.
std::string pattern(std::size_t size) {
  std::string text;
  text.reserve(size);
  while (text.size() < size) text.append(std::to_string(text.size())).push_back(' ');
  text.resize(size);
  return text;
}

class TlsFrontTest : public FrontTest {
 protected:
  void startTls(const FrontOptions& options = {}, const Handler& handler = {}) {
    serve({.tls = true}, context(files_));
    start(options, handler);
  }
  static std::shared_ptr<const TlsContext> context(const PemFiles& files) {
    return std::make_shared<const TlsContext>(TlsFiles{files.certificate, files.key},
                                              std::make_shared<TlsTickets>());
  }
  std::uint16_t port() { return front().port(); }

  CertificateFolder folder_;
  const PemFiles files_ = folder_.make("localhost");
};

TEST_F(TlsFrontTest, SpeaksTls13AndTls12AndNothingOlder) {
  startTls();
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsClient client{port(), {.version_max = version}};
    ASSERT_TRUE(client.isConnected()) << version;
    EXPECT_EQ(client.version(), version);
    client.send(get("/hello"));
    EXPECT_THAT(client.readUntil("GET /hello|"), StartsWith("HTTP/1.1 200 OK"));
  }
  for (const int version : {TLS1_1_VERSION, TLS1_VERSION})
    EXPECT_FALSE((TlsClient{port(), {.version_max = version}}.isConnected())) << version;
  EXPECT_TRUE(eventually([&] { return rejected("tls_handshake") == 2; }));
}

TEST_F(TlsFrontTest, SpeaksHttp11AndNoOtherProtocol) {
  startTls();
  EXPECT_EQ((TlsClient{port(), {.protocols = "\x02h2\x08http/1.1"}}.protocol()), "http/1.1");
  EXPECT_TRUE((TlsClient{port(), {.protocols = ""}}.isConnected())) << "who says nothing";
  EXPECT_FALSE((TlsClient{port(), {.protocols = "\x02h2"}}.isConnected()));
}

TEST_F(TlsFrontTest, ARequestInClearIsToldWhatThePortSpeaks) {
  startTls();
  for (const char* method : {"GET", "DELETE", "PROPFIND"}) {
    RawClient plain = client();
    plain.send(std::string{method} + " / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto answer = plain.read();
    ASSERT_TRUE(answer) << method;
    EXPECT_EQ(answer->status, 400);
    EXPECT_THAT(answer->body, HasSubstr("TLS_REQUIRED"));
    EXPECT_EQ(answer->field("connection"), "close");
    EXPECT_TRUE(plain.closedWithin());
  }
  EXPECT_EQ(rejected("plain_http"), 3U);
  EXPECT_EQ(handled(), 0);
}

TEST_F(TlsFrontTest, WhatIsNoHandshakeIsRefusedAndHarmsNobody) {
  startTls();
  TlsClient other{port()};
  for (const std::string_view bytes : {std::string_view{"\x16\x03\x01\xff\xff\x01", 6},
                                       std::string_view{"\x16garbage that is no record"},
                                       std::string_view{"\0\0\0\0\0\0\0\0", 8}}) {
    RawClient client = this->client();
    client.send(bytes);
    client.finishSending();
    EXPECT_TRUE(client.closedWithin());
  }
  EXPECT_TRUE(eventually([&] { return rejected("tls_handshake") == 3; }));
  other.send(get("/still"));
  EXPECT_THAT(other.readUntil("/still|"), StartsWith("HTTP/1.1 200"));
}

// Goal: who drips the bytes of a handshake is ended by a total deadline. Method: a byte at a time,
// each in time for any deadline that progress extends; beside it one who is quick.
TEST_F(TlsFrontTest, ADrippedHandshakeIsEndedByItsTotalDeadline) {
  FrontOptions options;
  options.handshake_deadline = milliseconds{400};
  startTls(options);
  const auto begin = std::chrono::steady_clock::now();
  RawClient slow = client();
  RawClient silent = client();
  const std::string hello{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11};
  bool closed = false;
  for (std::size_t i = 0; i < 200 && !closed; ++i) {
    slow.send(hello.substr(std::min(i, hello.size() - 1), 1));
    closed = slow.closedWithin(milliseconds{50});
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_TRUE(closed);
  EXPECT_GE(took, milliseconds{390});
  EXPECT_LT(took, milliseconds{4000});
  EXPECT_TRUE(silent.closedWithin());
  EXPECT_TRUE(eventually([&] { return rejected("handshake_timeout") == 2; }));
  TlsClient quick{port()};
  EXPECT_TRUE(quick.isConnected());
  std::this_thread::sleep_for(milliseconds{600});  // allowed: a time that has to pass
  quick.send(get("/later"));
  EXPECT_THAT(quick.readUntil("/later|"), StartsWith("HTTP/1.1 200"))
      << "the deadline is that of the handshake alone";
}

// Goal: what one client leaves unread costs nobody else, and arrives whole. Method: 8 MiB, far more
// than sockets hold, read slowly, with another client served meanwhile.
TEST_F(TlsFrontTest, ALargeAnswerReachesASlowReaderWhole) {
  const std::string body = pattern(8U << 20U);
  startTls({}, [&](const std::shared_ptr<Exchange>& exchange) {
    const bool large = exchange->request().path == "/large";
    exchange->respond(HttpResponse::text(200, large ? body : "small", "text/plain"));
  });
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TlsClient slow{port(), {.version_max = version}};
    slow.send(get("/large", "Connection: close\r\n"));
    TlsClient other{port()};
    other.send(get("/small"));
    EXPECT_THAT(other.readUntil("small"), HasSubstr("200 OK"));
    const std::string text = slow.readAll();
    EXPECT_TRUE(text.ends_with(body)) << text.size();
    EXPECT_TRUE(slow.wasEnded()) << "with close_notify, behind all of it";
  }
}

TEST_F(TlsFrontTest, WhoNeverReadsIsEnded) {
  FrontOptions options;
  options.write_stall = milliseconds{300};
  const std::string body(16U << 20U, 'x');
  startTls(options, [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->respond(HttpResponse::text(200, body, "text/plain"));
  });
  TlsClient client{port()};
  client.send(get("/"));
  EXPECT_TRUE(eventually([&] { return rejected("write_stall") == 1; }));
}

TEST_F(TlsFrontTest, LargeBodiesAndPipelinedRequestsArriveWhole) {
  FrontOptions options;
  options.body_bytes_max = 4U << 20U;
  startTls(options);
  const std::string body = pattern(3U << 20U);
  TlsClient client{port()};
  std::thread sender{[&] { client.send(post("/up", body)); }};
  sender.join();
  EXPECT_THAT(client.readUntil("POST /up|"), HasSubstr("200 OK"));
  TlsClient piped{port()};
  std::string requests;
  for (int i = 0; i < 12; ++i) requests += get("/" + std::to_string(i));
  piped.send(requests);
  const std::string answers = piped.readUntil("GET /11|");
  for (int i = 0; i < 12; ++i) EXPECT_THAT(answers, HasSubstr("GET /" + std::to_string(i) + "|"));
}

TEST_F(TlsFrontTest, AHalfClosedClientGetsItsAnswerAndTheEnd) {
  startTls();
  TlsClient client{port()};
  client.send(get("/park"));
  const auto exchange = parked();
  client.finishSending();
  exchange->respond(HttpResponse::text(200, "after the end", "text/plain"));
  EXPECT_THAT(client.readAll(), HasSubstr("after the end"));
  EXPECT_TRUE(client.wasEnded());
}

TEST_F(TlsFrontTest, ABodyThatIsCutIsNoShorterBody) {
  startTls();
  TlsClient client{port()};
  client.send("POST /cut HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
  client.cut();
  EXPECT_THAT(client.readAll(), HasSubstr("400 Bad Request"));
  EXPECT_EQ(handled(), 0);
}

// Goal: records that carry no data do not keep the loop. Method: a client sends nothing but them,
// as fast as it can, until another client of the same loop has its answer.
TEST_F(TlsFrontTest, AFloodOfKeyUpdatesCostsNobodyElse) {
  startTls();
  TlsClient flooding{port()};
  TlsClient other{port()};
  ASSERT_TRUE(flooding.isConnected() && other.isConnected());
  std::atomic<bool> answered{false};
  std::atomic<bool> flooded_to_its_end{false};
  std::thread flood{[&] {
    const auto end = std::chrono::steady_clock::now() + RawClient::kPatience;
    while (!answered && std::chrono::steady_clock::now() < end && flooding.updateKeysAlone()) {
    }
    flooded_to_its_end = !answered;
  }};
  for (int i = 0; i < 20; ++i) {
    other.send(get("/" + std::to_string(i)));
    EXPECT_THAT(other.readUntil("|"), HasSubstr("200 OK"));
  }
  answered = true;
  flood.join();
  EXPECT_FALSE(flooded_to_its_end);
}

TEST_F(TlsFrontTest, AClientMayChangeItsKeys) {
  startTls();
  TlsClient client{port()};
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.updateKeys(get("/" + std::to_string(i))));
    EXPECT_THAT(client.readUntil("|"), HasSubstr("GET /" + std::to_string(i) + "|"));
  }
}

// Goal: a renewed certificate is for new connections, and drops none. Method: one that is open over
// the change, with a request on its way.
TEST_F(TlsFrontTest, ARenewedCertificateDropsNoConnection) {
  startTls();
  TlsClient open{port()};
  EXPECT_EQ(open.subject(), "localhost");
  open.send(get("/park"));
  const auto exchange = parked();
  front().setTls(context(folder_.make("renewed")));
  EXPECT_EQ(TlsClient{port()}.subject(), "renewed");
  exchange->respond(HttpResponse::text(200, "kept", "text/plain"));
  EXPECT_THAT(open.readUntil("kept"), HasSubstr("200 OK"));
  open.send(get("/again"));
  EXPECT_THAT(open.readUntil("GET /again|"), HasSubstr("200 OK"));
}

TEST_F(TlsFrontTest, DrainEndsIdleConnectionsWithCloseNotify) {
  startTls();
  TlsClient idle{port()};
  idle.send(get("/"));
  idle.readUntil("GET /|");
  TlsClient busy{port()};
  busy.send(get("/park"));
  const auto exchange = parked();
  front().beginDrain();
  EXPECT_EQ(idle.readAll(), "");
  EXPECT_TRUE(idle.wasEnded());
  exchange->respond(HttpResponse::text(200, "last", "text/plain"));
  EXPECT_THAT(busy.readAll(), HasSubstr("Connection: close"));
  front().stopAccepting();
  EXPECT_TRUE(front().waitIdle(milliseconds{5000}));
}

// Goal: half a handshake does not keep a stopping front.
TEST_F(TlsFrontTest, HalfAHandshakeDoesNotKeepTheFront) {
  startTls();
  RawClient half = client();
  half.send(std::string_view{"\x16\x03\x01\x02\x00", 5});
  RawClient silent = client();
  ASSERT_TRUE(eventually([&] { return front().counters().accepted == 2; }));
  const auto begin = std::chrono::steady_clock::now();
  front().beginDrain();
  front().stopAccepting();
  EXPECT_TRUE(front().waitIdle(milliseconds{8000}));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds{6000});
}

TEST_F(TlsFrontTest, TheRequestKnowsThatItIsSecure) {
  std::atomic<bool> secure{false};
  startTls({}, [&](const std::shared_ptr<Exchange>& exchange) {
    secure = exchange->request().peer.secure;
    exchange->respond(HttpResponse::text(200, "done", "text/plain"));
  });
  TlsClient client{port()};
  client.send(get("/"));
  client.readUntil("done");
  EXPECT_TRUE(secure);
}

}  // namespace
}  // namespace bulkhead::host::test
