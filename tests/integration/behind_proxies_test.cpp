// Requests that could be read in two ways, through real proxies: the host never sees another
// request than the one that the proxy handed on.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "host/http/front_client.hpp"
#include "host/http/probe_cases.hpp"
#include "host_process.hpp"
#include "proxy_process.hpp"
#include "reference_data.hpp"

namespace bulkhead::integration {
namespace {

using host::test::RawClient;
using nlohmann::json;
using std::chrono::milliseconds;
using testing::IsEmpty;
using Kind = ProxyProcess::Kind;

constexpr milliseconds kLook{120};

/// What the host saw and the proxy did not hand on so; empty when they agree. What the host refused
/// as malformed is no request to it, and takes the place of whichever it was.
std::vector<std::string> disagreements(std::vector<SeenRequest> handed_on,
                                       const std::vector<SeenRequest>& seen) {
  std::vector<std::string> all;
  for (const SeenRequest& request : seen) {
    const auto found =
        std::find_if(handed_on.begin(), handed_on.end(), [&](const SeenRequest& one) {
          return request.url.empty() || request.status == 400 ||
                 (one.method == request.method && one.url == request.url);
        });
    if (found == handed_on.end())
      all.push_back(fmt::format("{} {} -> {}", request.method, request.url, request.status));
    else
      handed_on.erase(found);
  }
  return all;
}

TEST(Disagreements, NegativeControl_AnotherRequestThanTheProxysIsFound) {
  const SeenRequest asked{"POST", "/", 404};
  const SeenRequest hidden{"GET", "/hidden", 404};
  EXPECT_THAT(disagreements({asked}, {asked}), IsEmpty());
  EXPECT_THAT(disagreements({asked}, {}), IsEmpty());
  EXPECT_THAT(disagreements({asked}, {{"", "", 400}}), IsEmpty());
  EXPECT_EQ(disagreements({asked}, {asked, hidden}).size(), 1U);
  EXPECT_EQ(disagreements({asked}, {asked, {"", "", 400}}).size(), 1U);
  EXPECT_EQ(disagreements({asked}, {asked, asked}).size(), 1U);
  EXPECT_EQ(disagreements({}, {asked}).size(), 1U);
}

std::string posting(std::string_view lines, std::string_view body) {
  return fmt::format("POST / HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n{}", lines, body);
}

/// Every way known to us to say a body's length twice, or unclearly, with a request behind it.
std::vector<std::string> ambiguous() {
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string chunked = "0\r\n\r\n" + hidden;
  const std::string length = fmt::format("Content-Length: {}", chunked.size());
  std::vector<std::string> all;
  for (const char* coding : {"chunked",
                             "Chunked",
                             "CHUNKED",
                             " chunked",
                             "\tchunked",
                             "chunked ",
                             "chunked\t",
                             "xchunked",
                             "chunked, identity",
                             "identity, chunked",
                             "identity",
                             "chunked, chunked",
                             "gzip, chunked",
                             "\"chunked\"",
                             "chunked;q=1",
                             "\x0b"
                             "chunked",
                             "chunked\x0b",
                             "chunk",
                             ", chunked",
                             "chunked,",
                             "\r\n chunked",
                             "x\r\nTransfer-Encoding: chunked",
                             "chunked\r\nTransfer-Encoding: x"}) {
    const std::string line = fmt::format("Transfer-Encoding:{}", coding);
    all.push_back(posting(line, chunked));
    all.push_back(posting(line + "\r\n" + length, chunked));
    all.push_back(posting("Content-Length: 5\r\n" + line, chunked));
  }
  for (const char* name :
       {"Transfer-Encoding ", "Transfer_Encoding", " Transfer-Encoding", "Transfer-Encoding\t",
        "X: y\nTransfer-Encoding", "X: y\rTransfer-Encoding", "\"Transfer-Encoding\"",
        "Transfer-Encoding\x01"}) {
    all.push_back(posting(fmt::format("{}: chunked\r\n{}", name, length), chunked));
  }
  for (const char* value : {"0", "+0", "-0", "0x0", " 0", "0 ", "00", "0, 0", "0,0", "0;0", "0.0",
                            "0\r\nContent-Length: 42", "42\r\nContent-Length: 0", "", "\t0",
                            "0\x0b", "18446744073709551616", "4294967296"}) {
    all.push_back(posting(fmt::format("Content-Length:{}", value), hidden));
    all.push_back(posting(fmt::format("Content-Length: {}", value), hidden));
  }
  for (const char* size : {"0", "00", "0x0", "+0", " 0", "0 ", "0;", "0;x", "0;x=\"\r\n\"", "0\n",
                           "0\r", "-1", "10000000000000000", "0_0", "g"}) {
    all.push_back(posting("Transfer-Encoding: chunked", fmt::format("{}\r\n\r\n{}", size, hidden)));
    all.push_back(
        posting("Transfer-Encoding: chunked", fmt::format("5\r\nhello{}\r\n\r\n{}", size, hidden)));
  }
  for (const char* line :
       {"GET / HTTP/1.0", "GET / HTTP/1.2", "GET / HTTP/2.0", "GET /", "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ", "GET /\tHTTP/1.1", "GET http://other/ HTTP/1.1", "GET //other/ HTTP/1.1",
        "GET /%2e%2e/hidden HTTP/1.1", "GET /a/../hidden HTTP/1.1", "GET /\\hidden HTTP/1.1",
        "GET /#hidden HTTP/1.1", "GET /?x HTTP/1.1", "CONNECT localhost:80 HTTP/1.1",
        "OPTIONS * HTTP/1.1", "get / HTTP/1.1"}) {
    for (const char* more :
         {"", "Transfer-Encoding: chunked\r\n", "Content-Length: 5\r\n",
          "Connection: Content-Length\r\nContent-Length: 5\r\n",
          "Connection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n",
          "Expect: 100-continue\r\nContent-Length: 5\r\n",
          "Upgrade: h2c\r\nConnection: Upgrade\r\n"})
      all.push_back(fmt::format("{}\r\nHost: localhost\r\n{}\r\n{}", line, more, chunked));
  }
  return all;
}

std::string printable(const std::string& bytes) {
  return json(bytes.substr(0, 2000)).dump(-1, ' ', true, json::error_handler_t::replace);
}

class BehindProxy : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (!ProxyProcess::isInstalled(GetParam()))
      GTEST_SKIP() << "proxy: " << ProxyProcess::programOf(GetParam()) << " is not installed";
    host_ = std::make_unique<HostProcess>(
        folder_, Environment{{"LIMITS_HEAD_TIMEOUT", "1s"}, {"LIMITS_BODY_TIMEOUT", "1s"}});
    ASSERT_TRUE(host_->awaitReady());
    proxy_ = std::make_unique<ProxyProcess>(GetParam(), folder_.path(), host_->port());
    ASSERT_TRUE(await([&] {
      return HttpClient{proxy_->port()}.get("/canary/first").status == 404;
    })) << proxy_->errorText();
    settle("/canary/first");
  }

  /// A request of another client is answered as what it is.
  bool passes(const std::string& path) const {
    RawClient client{proxy_->port()};
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: {}\r\n\r\n", path,
                            path.substr(path.rfind('/') + 1)));
    const auto answer = client.read();
    return answer && answer->status == 404 &&
           answer->field("x-request-id") == path.substr(path.rfind('/') + 1);
  }
  std::vector<SeenRequest> seen() const {
    std::vector<SeenRequest> all;
    for (const json& line : host_->logLines()) {
      if (line.value("logger", "") == "http" && line.contains("durationMs"))
        all.push_back(
            {line.value("method", ""), pathOf(line.value("url", "")), line.value("status", 0)});
    }
    return all;
  }
  /// Waits until both logs have the path; what stands behind it is news.
  void settle(const std::string& path) {
    const auto behind = [&](const std::vector<SeenRequest>& all) -> std::size_t {
      for (std::size_t i = all.size(); i > 0; --i)
        if (all[i - 1].url == path) return i;
      return 0;
    };
    EXPECT_TRUE(await([&] {
      seen_ = behind(seen());
      handed_on_ = behind(proxy_->forwarded());
      return seen_ != 0 && handed_on_ != 0;
    })) << path;
  }
  void judge(const std::string& id, const std::string& bytes) {
    const std::size_t seen_before = seen_;
    const std::size_t handed_on_before = handed_on_;
    {
      RawClient client{proxy_->port()};
      client.send(bytes);
      client.readAll(kLook);
    }
    const std::string canary = fmt::format("/canary/{}", ++count_);
    EXPECT_TRUE(passes(canary)) << id << "\n" << printable(bytes);
    settle(canary);
    const auto behind = [](std::vector<SeenRequest> all, std::size_t from) {
      all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(from));
      return all;
    };
    auto own = seen();
    own.resize(seen_);
    own = behind(std::move(own), seen_before);
    std::vector<std::string> different;
    await(
        [&] {  // a proxy may log late what its client did not wait for
          different = disagreements(behind(proxy_->forwarded(), handed_on_before), own);
          return different.empty();
        },
        std::chrono::seconds{10});
    EXPECT_THAT(different, IsEmpty()) << id << "\n" << printable(bytes);
    passed_on_ += handed_on_ - handed_on_before - 1;
  }

  HostFolder folder_;
  std::unique_ptr<HostProcess> host_;
  std::unique_ptr<ProxyProcess> proxy_;
  std::size_t seen_ = 0;
  std::size_t handed_on_ = 0;
  std::size_t passed_on_ = 0;
  int count_ = 0;
};

TEST_P(BehindProxy, Rfc9112_Section11_NoRequestIsSeenDifferently) {
  int number = 0;
  for (const std::string& bytes : ambiguous()) judge(fmt::format("case {}", ++number), bytes);
  EXPECT_GT(passed_on_, 20U) << "or the proxy kept all of them";
}

TEST_P(BehindProxy, Rfc9112_Section11_NorAnyOfTheReferenceCases) {
  const auto file = tests::referenceFile("data/http/http11probe.tsv");
  if (!file) GTEST_SKIP() << "reference data: data/http/http11probe.tsv is not there";
  for (const auto& probe : host::test::readProbeCases(*file)) judge(probe.id, probe.request);
  EXPECT_GT(passed_on_, 20U) << "or the proxy kept all of them";
}

INSTANTIATE_TEST_SUITE_P(Proxies, BehindProxy,
                         testing::Values(Kind::Nginx, Kind::Haproxy, Kind::Caddy),
                         [](const auto& kind) {
                           return ProxyProcess::programOf(kind.param).filename().string();
                         });

}  // namespace
}  // namespace bulkhead::integration
