// Goal: no plugin, and nobody who tells a plugin where to send something, reaches the inside, and
// no text of a request becomes a second header or request. Method: every spelling of an address,
// with a peer on loopback that counts who comes.
#include <atomic>
#include <cstdlib>
#include <curl/curl.h>
#include <fstream>
#include <iterator>

#include "host/egress/egress_fixture.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host::egress::test {
namespace {

using Talk = FaultPeer::Talk;

class ForgedRequests : public EgressTest {
 protected:
  ForgedRequests() {
    peer(
        [](Talk& talk) {
          while (!talk.readRequest().empty()) talk.write(wholeAnswer("inside"));
        },
        {.skin = Skin::Plain, .address = "0.0.0.0"});
  }

  static EgressOptions guarded() {
    EgressOptions guarded = options();
    guarded.allowed_networks.clear();
    return guarded;
  }
  std::string at(const std::string& host) const {
    return fmt::format("http://{}:{}/", host, peer_->port());
  }

  static constexpr const char* kLoopbacks[] = {
      "127.0.0.1",          "127.1",           "2130706433",   "0x7f000001",
      "0x7f.0.0.1",         "0177.0.0.1",      "017700000001", "127.0.0.1.",
      "localhost",          "LOCALHOST",       "0.0.0.0",      "0",
      "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "named.test",   "%31%32%37.0.0.1"};
};

TEST_F(ForgedRequests, NoSpellingOfLoopbackIsReached) {
  open(guarded());
  for (const char* host : kLoopbacks) {
    const auto answer = get(at(host));
    EXPECT_EQ(answer.outcome, Outcome::Rejected) << host << ": " << told(answer);
  }
  EXPECT_EQ(peer_->connections(), 0);
}

TEST_F(ForgedRequests, Control_WithoutTheGuardTheyAreReached) {
  EgressOptions open_to_all = options();
  open_to_all.allowed_networks = {"0.0.0.0/0", "::/0"};
  open(std::move(open_to_all));
  int reached = 0;
  for (const char* host : kLoopbacks) reached += get(at(host)).isOk() ? 1 : 0;
  EXPECT_GE(reached, 10);
  EXPECT_GE(peer_->requests().size(), 10U);
}

TEST_F(ForgedRequests, TheInsideIsRefusedByAddressAndByName) {
  EgressOptions metadata = guarded();
  metadata.names.lookup = [](const std::string&) { return Addresses{"169.254.169.254"}; };
  open(std::move(metadata));
  for (const char* host : {"169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "192.168.0.1", "[::1]",
                           "[fe80::1]", "metadata.google.internal", "100.100.100.200"})
    EXPECT_EQ(told(get(fmt::format("https://{}/latest/meta-data/", host))),
              "Rejected 0 ADDRESS_REFUSED")
        << host;
}

TEST_F(ForgedRequests, ANameThatChangesItsAddressIsJudgedByTheOneItIsConnectedTo) {
  EgressOptions rebinding = options();
  rebinding.allowed_networks = {"127.0.0.2"};
  rebinding.names.keep = std::chrono::seconds{0};
  const auto asked = std::make_shared<std::atomic<int>>(0);
  rebinding.names.lookup = [asked](const std::string&) {
    return Addresses{(*asked)++ == 0 ? "127.0.0.2" : "127.0.0.1"};
  };
  rebinding.idle_timeout = milliseconds{0};
  open(std::move(rebinding));
  OutboundRequest once;
  once.url = at("rebinds.test");
  ASSERT_EQ(told(send(once)), "Ok 200 ");
  const int before = peer_->connections();
  once.url = fmt::format("http://again.test:{}/", peer_->port());
  EXPECT_EQ(told(send(once)), "Rejected 0 ADDRESS_REFUSED");
  EXPECT_EQ(peer_->connections(), before);
}

TEST_F(ForgedRequests, OfSeveralAddressesOnlyTheAllowedOneIsConnectedTo) {
  EgressOptions mixed = options();
  mixed.allowed_networks = {"127.0.0.2"};
  mixed.names.lookup = [](const std::string&) { return Addresses{"127.0.0.1", "127.0.0.2"}; };
  open(std::move(mixed));
  EXPECT_EQ(told(get(at("mixed.test"))), "Ok 200 ");
  EXPECT_EQ(peer_->connections(), 1);
}

TEST_F(ForgedRequests, PlainHttpGoesOnlyWhereTheOperatorSaysSo) {
  EgressOptions strict = options();
  strict.plain_http = false;
  open(std::move(strict));
  EXPECT_EQ(told(get(at("127.0.0.1"))), "Rejected 0 PLAIN_HTTP_REFUSED");
  EgressOptions outside = guarded();
  outside.names.lookup = [](const std::string&) { return Addresses{"8.8.8.8"}; };
  open(std::move(outside));
  EXPECT_EQ(told(get("http://outside.test/")), "Rejected 0 PLAIN_HTTP_REFUSED");
}

TEST_F(ForgedRequests, WhatIsNoUrlOfTheWebIsRefused) {
  for (const char* wrong :
       {"", "/etc/passwd", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/",
        "unix:///run/x.sock", "https://user@127.0.0.1/", "https://user:pass@127.0.0.1/",
        "127.0.0.1", "https://", "https:///x", "https://127.0.0.1:99999/", "https://a b/",
        "https://host/\r\nX: y", "https://[fe80::1%25eth0]/", "https://bücher.test/"}) {
    const auto answer = get(wrong);
    EXPECT_EQ(told(answer), "Rejected 0 OUTBOUND_URL") << wrong;
  }
}

TEST_F(ForgedRequests, NoTextBecomesAnotherHeaderOrRequest) {
  const std::pair<const char*, const char*> wrong[] = {{"X-A", "a\r\nX-B: b"},
                                                       {"X-A", "a\nb"},
                                                       {"X-A", "a\rb"},
                                                       {"X-A", "a\x7f"},
                                                       {"X A", "b"},
                                                       {"", "b"},
                                                       {"X-A:", "b"},
                                                       {"X-A\r\nX-B", "b"},
                                                       {"Host", "other.test"},
                                                       {"Content-Length", "5"},
                                                       {"content-length", "5"},
                                                       {"Transfer-Encoding", "chunked"},
                                                       {"Connection", "close"},
                                                       {"Expect", "100-continue"},
                                                       {"Proxy-Authorization", "x"},
                                                       {"Upgrade", "h2c"}};
  for (const auto& [name, value] : wrong) {
    OutboundRequest request;
    request.url = at("127.0.0.1");
    request.headers = {{name, value}};
    EXPECT_EQ(told(send(request)), "Rejected 0 OUTBOUND_REQUEST") << name;
  }
  for (const char* method : {"", "get", "GET /x HTTP/1.1\r\n", "CONNECT", "TRACE", "G T"}) {
    OutboundRequest request;
    request.url = at("127.0.0.1");
    request.method = method;
    EXPECT_EQ(told(send(request)), "Rejected 0 OUTBOUND_REQUEST") << method;
  }
  EXPECT_EQ(peer_->connections(), 0);
}

TEST_F(ForgedRequests, RedirectsAreAnswersAndNotFollowed) {
  const auto target = std::move(peer_);
  peer([&](Talk& talk) {
    talk.readRequest();
    talk.write(
        fmt::format("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\n"
                    "Content-Length: 0\r\n\r\n",
                    target->port()));
  });
  const auto answer = get(url());
  EXPECT_EQ(told(answer), "HttpError 302 ");
  EXPECT_EQ(answer.header("location"), fmt::format("http://127.0.0.1:{}/", target->port()));
  EXPECT_EQ(target->connections(), 0);
}

std::size_t discard(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

/// What libcurl does by itself, with that option.
void sendBare(const std::string& target, CURLoption option, long value) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> bare{curl_easy_init(),
                                                                 curl_easy_cleanup};
  curl_easy_setopt(bare.get(), CURLOPT_URL, target.c_str());
  curl_easy_setopt(bare.get(), CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(bare.get(), CURLOPT_TIMEOUT_MS, 5000L);
  curl_easy_setopt(bare.get(), option, value);
  curl_easy_perform(bare.get());
}

TEST_F(ForgedRequests, Control_LibcurlWouldFollow) {
  const auto target = std::move(peer_);
  peer(
      [&](Talk& talk) {
        talk.readRequest();
        talk.write(
            fmt::format("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\n"
                        "Content-Length: 0\r\n\r\n",
                        target->port()));
      },
      {.skin = Skin::Plain});
  sendBare(plainUrl(), CURLOPT_FOLLOWLOCATION, 1L);
  EXPECT_EQ(target->connections(), 1);
}

TEST_F(ForgedRequests, TheEnvironmentNamesNoProxy) {
  const auto proxy = std::move(peer_);
  const std::string address = fmt::format("http://127.0.0.1:{}", proxy->port());
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"})
    ::setenv(name, address.c_str(), 1);
  peer(
      [](Talk& talk) {
        while (!talk.readRequest().empty()) talk.write(wholeAnswer("direct"));
      },
      {.skin = Skin::Plain});
  EXPECT_EQ(get(plainUrl()).body, "direct");
  EXPECT_EQ(proxy->connections(), 0);
  sendBare(plainUrl(), CURLOPT_HTTPGET, 1L);
  EXPECT_EQ(proxy->connections(), 1) << "libcurl alone would ask it";
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"})
    ::unsetenv(name);
}

TEST_F(ForgedRequests, CookiesAreNotKept) {
  peer([](Talk& talk) {
    while (!talk.readRequest().empty())
      talk.write(wholeAnswer("done", "Set-Cookie: session=1\r\n"));
  });
  get(url());
  get(url());
  const auto requests = peer_->requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[1].find("ookie"), std::string::npos) << requests[1];
}

TEST_F(ForgedRequests, TheLogNamesHostAndOperationAndNoSecret) {
  const auto file = folder().path() / "egress.log";
  {
    LogOptions quiet;
    quiet.level = Level::Debug;
    quiet.descriptor = -1;
    quiet.file = file;
    const LogSystem log{quiet};
    OutboundRequest request;
    request.method = "POST";
    request.url = at("127.0.0.1") + "v1/AC555/secret-path?token=secret-query";
    request.headers = {{"Authorization", "Bearer secret-credential"}};
    request.body = "secret-body";
    request.operation = "refunds.create";
    EXPECT_EQ(told(send(request)), "Ok 200 ");
    peer_.reset();
    EXPECT_EQ(send(request).outcome, Outcome::NotSent);
    egress_.reset();
  }
  std::ifstream in{file};
  const std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  EXPECT_NE(text.find(R"("operation":"refunds.create")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("host":"127.0.0.1")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("plugin":"stripe")"), std::string::npos) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  EXPECT_EQ(text.find("inside"), std::string::npos) << "nothing of an answer: " << text;
}

}  // namespace
}  // namespace bulkhead::host::egress::test
