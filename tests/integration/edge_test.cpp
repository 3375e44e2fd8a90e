#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

#include "booking_business.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// What a client can make of one kind of answer, whoever wrote it.
struct Case {
  std::string name;
  int status;
  HttpAnswer answer;
};

class Edge : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<HostFolder>();
    folder_->install("booking");
    host_ = std::make_unique<HostProcess>(*folder_);
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    salon_ = std::make_unique<BookingBusiness>(*host_);
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(host_->stop(), 0);
    salon_.reset();
    host_.reset();
    folder_.reset();
  }

  static HttpAnswer raw(std::string_view bytes) { return host_->client().sendRaw(bytes); }

  static std::vector<Case> refusals() {
    const HttpClient client = host_->client();
    const std::string long_target = "/" + std::string(40'000, 'a');
    std::string long_body(1100 * 1024, ' ');
    return {
        {"plugin's own refusal", 400, salon_->book("2026-01-01T00:00:00Z", "")},
        {"no key", 401, client.get("/api/booking/v1/services")},
        {"no such path", 404, client.get("/nothing")},
        {"no such method", 405, client.send("DELETE", "/health", {}, {})},
        {"another media type", 415,
         salon_->client().sendRaw(
             fmt::format("POST /api/booking/v1/leads HTTP/1.1\r\nHost: a\r\nConnection: "
                         "close\r\nX-API-Key: {}\r\n"
                         "X-Tenant-Id: salon\r\nIdempotency-Key: x\r\nContent-Type: text/csv\r\n"
                         "Content-Length: 1\r\n\r\n1",
                         kApiKey))},
        {"body too large", 413, salon_->post("/leads", long_body, "large")},
        {"not HTTP", 400, raw("NONSENSE\r\n\r\n")},
        {"no Host", 400, raw("GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")},
        {"two lengths", 400,
         raw("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")},
        {"length and chunks", 400,
         raw("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
             "chunked\r\n\r\n"
             "0\r\n\r\n")},
        {"target too long", 414,
         raw(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", long_target))},
        {"header too long", 431,
         raw(fmt::format("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", long_target))},
        {"HTTP/2 prior knowledge", 505, raw("GET / HTTP/2.0\r\nHost: a\r\n\r\n")},
    };
  }

  inline static std::unique_ptr<HostFolder> folder_;
  inline static std::unique_ptr<HostProcess> host_;
  inline static std::unique_ptr<BookingBusiness> salon_;
};

void expectSecurityHeaders(const HttpAnswer& answer, const std::string& name) {
  EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << name;
  EXPECT_EQ(answer.header("x-frame-options"), "DENY") << name;
  EXPECT_EQ(answer.header("x-xss-protection"), "1; mode=block") << name;
  EXPECT_EQ(answer.header("referrer-policy"), "strict-origin-when-cross-origin") << name;
  EXPECT_EQ(answer.header("permissions-policy"), "geolocation=(), microphone=(), camera=()")
      << name;
  EXPECT_EQ(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains")
      << name;
  EXPECT_EQ(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'")
      << name;
  EXPECT_NE(answer.header("x-request-id"), "") << name;
}

TEST_F(Edge, S29_S30_S31_S32_S33_S34_S35_EveryAnswerHasTheSecurityHeaders) {
  for (const auto& [name, status, answer] : refusals()) {
    EXPECT_EQ(answer.status, status) << name << ' ' << answer.body << answer.fault;
    expectSecurityHeaders(answer, name);
  }
  expectSecurityHeaders(host_->client().get("/health"), "200");
  expectSecurityHeaders(salon_->get("/services"), "plugin's 200");
  expectSecurityHeaders(host_->client().send("HEAD", "/health", {}, {}), "HEAD");
  const HttpAnswer options = host_->client().send("OPTIONS", "/health", {}, {});
  EXPECT_EQ(options.status, 204);
  expectSecurityHeaders(options, "OPTIONS");
}

TEST_F(Edge, S31_C23_C24_OperatorsMayTurnTwoOfThemOff) {
  const HostFolder folder;
  HostProcess host{folder, {{"SECURITY_X_XSS_PROTECTION", "off"}, {"HSTS", "off"}}};
  ASSERT_TRUE(host.awaitReady());
  const HttpAnswer answer = host.client().get("/health");
  EXPECT_FALSE(answer.has("x-xss-protection"));
  EXPECT_FALSE(answer.has("strict-transport-security"));
  EXPECT_TRUE(answer.has("x-frame-options"));
  EXPECT_EQ(host.stop(), 0);
}

TEST_F(Edge, S59_C10_C26_EveryRefusalHasOneBody) {
  for (const auto& [name, status, answer] : refusals()) {
    const json body = answer.json();
    ASSERT_TRUE(body.is_object()) << name << ": " << answer.body;
    const json& error = body.at("error");
    EXPECT_NE(error.value("message", ""), "") << name;
    EXPECT_THAT(error.value("code", ""), testing::MatchesRegex("[A-Z][A-Z0-9_]+")) << name;
    EXPECT_THAT(error.value("timestamp", ""),
                testing::MatchesRegex("[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z"))
        << name;
    EXPECT_EQ(error.value("statusCode", 0), status) << name;
    EXPECT_EQ(body.value("status", 0), status) << name;
    EXPECT_EQ(body.value("detail", ""), error.value("message", "")) << name;
    EXPECT_THAT(body.value("type", ""), testing::StartsWith("/problems/")) << name;
    EXPECT_NE(body.value("title", ""), "") << name;
    EXPECT_THAT(answer.header("content-type"), HasSubstr("application/json")) << name;
    EXPECT_EQ(answer.header("allow").find("GET") != std::string::npos, status == 405) << name;
  }
}

TEST_F(Edge, C10_ProblemJsonIsGivenToWhoeverAsksForIt) {
  const HttpAnswer answer =
      host_->client().get("/nothing", {{"Accept", "application/problem+json"}});
  EXPECT_THAT(answer.header("content-type"), HasSubstr("application/problem+json"));
  EXPECT_EQ(answer.json()["error"].value("code", ""), "NOT_FOUND");
}

TEST_F(Edge, ARequestIdThatWasSentComesBack) {
  EXPECT_EQ(host_->client().get("/health", {{"X-Request-Id", "from-me-17"}}).header("x-request-id"),
            "from-me-17");
  EXPECT_EQ(host_->client()
                .get("/nothing", {{"X-Request-Id", "from-me-18"}})
                .json()["error"]
                .value("requestId", ""),
            "from-me-18");
}

TEST_F(Edge, OpenApiListsTheRoutesThatThereAre) {
  const HttpAnswer answer = host_->client().get("/openapi.json");
  EXPECT_EQ(answer.status, 200);
  const json document = answer.json();
  ASSERT_TRUE(document.is_object());
  EXPECT_THAT(document.value("openapi", ""), testing::StartsWith("3."));
  const json& paths = document.at("paths");
  EXPECT_TRUE(paths.at("/api/booking/v1/appointments").contains("post"));
  EXPECT_TRUE(paths.at("/api/booking/v1/slots").contains("get"));
  EXPECT_FALSE(paths.contains("/api/greeter/v1/hello/{name}")) << "it is not installed here";
}

TEST_F(Edge, S45_S46_S47_S49_C28_EveryRequestIsOneJsonLine) {
  host_->keyed("salon").get("/api/booking/v1/services?limit=2", {{"User-Agent", "edge-test/1"}});
  const json line = host_->awaitLogLine(
      [](const json& one) { return one.value("userAgent", "") == "edge-test/1"; });
  EXPECT_EQ(line.value("method", ""), "GET") << line;
  EXPECT_THAT(line.value("url", ""), testing::StartsWith("/api/booking/v1/services"));
  EXPECT_EQ(line.value("status", 0), 200);
  EXPECT_EQ(line.value("ip", ""), "127.0.0.1");
  EXPECT_EQ(line.value("apiKeyId", ""), "bootstrap");
  EXPECT_EQ(line.value("clientKey", ""), "bootstrap");
  EXPECT_GT(line.value("durationMs", 0.0), 0.0);
  EXPECT_THAT(line.value("timestamp", ""), testing::EndsWith("Z"));
  EXPECT_EQ(line.value("level", ""), "INFO");
  EXPECT_EQ(line.value("severity", ""), "INFO");
  for (const auto& one : host_->logLines()) {
    ASSERT_TRUE(one.is_object());
    EXPECT_THAT(one.value("level", ""), testing::AnyOf("DEBUG", "INFO", "WARN", "ERROR", "FATAL"));
  }
}

TEST_F(Edge, S50_ARefusalsLineHasItsMessageAndItsCode) {
  host_->keyed("salon").get("/api/booking/v1/services/nobody", {{"User-Agent", "edge-test/2"}});
  const json line = host_->awaitLogLine(
      [](const json& one) { return one.value("userAgent", "") == "edge-test/2"; });
  EXPECT_EQ(line["error"].value("code", ""), "NOT_FOUND") << line;
  EXPECT_EQ(line["error"].value("name", ""), "NotFoundError");
  EXPECT_THAT(line["error"].value("message", ""), testing::HasSubstr("nobody"));
  EXPECT_EQ(line.value("status", 0), 404);
  EXPECT_EQ(line.value("severityClass", ""), "low");
  EXPECT_EQ(line.value("apiKeyId", ""), "bootstrap");
}

TEST_F(Edge, S130_S131_TheKeyIsInNoLineAndNoBody) {
  const std::string key{kApiKey};
  std::vector<HttpAnswer> answers{
      host_->client().get("/nothing?api_key=" + key),
      host_->client().get("/health", {{"Authorization", "Basic " + key}}),
      salon_->post("/leads", fmt::format(R"({{"phone":"{}"}})", key), "secret-1"),
      salon_->get("/services/" + key),
      host_->keyed().get("/api/admin/keys"),
      host_->keyed().get("/api/admin/plugins"),
      host_->client().get("/health?details=true"),
      host_->client().get("/metrics"),
      host_->client().get("/api/monitoring/errors?limit=100"),
      host_->client().get("/api/monitoring/report"),
      host_->client().get("/openapi.json"),
  };
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i == 2 || i == 3) continue;  // a client may see again what it sent in its own field
    EXPECT_THAT(answers[i].body, testing::Not(HasSubstr(key))) << i;
  }
  host_->client().get("/health", {{"User-Agent", "last-of-secrets"}});
  host_->awaitLogLine(
      [](const json& one) { return one.value("userAgent", "") == "last-of-secrets"; });
  EXPECT_THAT(host_->logText(), testing::Not(HasSubstr(key)));
  EXPECT_THAT(host_->logText(), HasSubstr("/nothing")) << "the lines are there to be searched";
}

TEST_F(Edge, S44_S130_C16_WhoComesThroughAProxyIsOutside) {
  const Fields forwarded{{"X-Forwarded-For", "127.0.0.1"}};
  EXPECT_EQ(host_->client().get("/metrics").status, 200);
  EXPECT_EQ(host_->client().get("/metrics", forwarded).status, 403);
  EXPECT_EQ(host_->client().get("/health", forwarded).status, 200);
  const HttpAnswer outside = host_->client().get("/health?details=true", forwarded);
  EXPECT_FALSE(outside.json().contains("plugins")) << outside.body;
  EXPECT_TRUE(host_->client().get("/health?details=true").json().contains("plugins"));
}

}  // namespace
}  // namespace bulkhead::integration
