// Each status that the running host refuses with, over a raw socket: error body, security headers,
// request id, and the counter of its reason.
#include <charconv>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

#include "booking_business.hpp"

namespace bulkhead::integration {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Want {
  const char* name;  ///< begins with the section of the standard
  std::string bytes;
  int status;
  const char* code;
  const char* reason;
};

std::string request(std::string_view line, std::string_view fields = {},
                    std::string_view body = {}) {
  return fmt::format("{} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n{}", line, fields, body);
}

std::string keyed(std::string_view line, std::string_view fields = {}, std::string_view body = {}) {
  return request(line, fmt::format("X-API-Key: {}\r\nX-Tenant-Id: salon\r\n{}", kApiKey, fields),
                 body);
}

std::vector<Want> wants() {
  const std::string lead = "POST /api/booking/v1/leads";
  const std::string typed = "Idempotency-Key: k\r\nContent-Type: {}\r\nContent-Length: 2\r\n";
  return {
      {"Rfc9110_15_5_1_BadRequest", request("GET /%zz"), 400, "MALFORMED_REQUEST", "malformed"},
      {"Rfc9110_15_5_1_InvalidBody",
       keyed(lead, fmt::format(fmt::runtime(typed), "application/json"), "{}"), 400,
       "VALIDATION_ERROR", "invalid"},
      {"Rfc9110_15_5_5_NotFound", request("GET /nothing"), 404, "NOT_FOUND", "not_found"},
      {"Rfc9110_15_5_6_MethodNotAllowed", request("DELETE /health"), 405, "METHOD_NOT_ALLOWED",
       "method_not_allowed"},
      {"Rfc9110_15_5_7_NotAcceptable",
       request("GET /api/monitoring/metrics", "Accept: image/png\r\n"), 406, "NOT_ACCEPTABLE",
       "not_acceptable"},
      {"Rfc9110_15_5_9_RequestTimeout", "GET / HTTP/1.1\r\nHost: a\r\n", 408, "REQUEST_TIMEOUT",
       "head_timeout"},
      {"Rfc9110_15_5_14_ContentTooLarge", request(lead, "Content-Length: 9999999\r\n"), 413,
       "PAYLOAD_TOO_LARGE", "body_too_large"},
      {"Rfc9110_15_5_15_UriTooLong", request("GET /" + std::string(9000, 'a')), 414, "URI_TOO_LONG",
       "uri_too_long"},
      {"Rfc9110_15_5_16_MediaType", keyed(lead, fmt::format(fmt::runtime(typed), "text/csv"), "{}"),
       415, "UNSUPPORTED_MEDIA_TYPE", "media_type"},
      {"Rfc9110_15_5_16_Coding",
       keyed(lead, "Idempotency-Key: k\r\nContent-Encoding: zip\r\nContent-Length: 2\r\n", "{}"),
       415, "UNSUPPORTED_CONTENT_CODING", "media_type"},
      {"Rfc9110_15_5_18_Expectation", request("GET /health", "Expect: tea\r\n"), 417,
       "EXPECTATION_FAILED", "expectation"},
      {"Rfc9110_15_5_22_WebSocket",
       "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\n\r\n",
       426, "UPGRADE_REQUIRED", "upgrade"},
      {"Rfc6585_5_HeadersTooLarge", request("GET /", "X-A: " + std::string(33'000, 'a') + "\r\n"),
       431, "HEADERS_TOO_LARGE", "headers_too_large"},
      {"Rfc9110_15_6_2_NotImplemented", request("BREW /health"), 501, "NOT_IMPLEMENTED",
       "not_implemented"},
      {"Rfc9110_15_6_3_BadGateway", keyed("GET /api/handler-blames-vendor/v1/fault"), 502,
       "VENDOR_FAILED", "external_service"},
      {"Rfc9110_15_6_4_Unavailable", request("GET /api/nobody/v1/x"), 503, "PLUGIN_UNAVAILABLE",
       "plugin_unavailable"},
      {"Rfc9110_15_6_5_GatewayTimeout", keyed("GET /api/handler-waits/v1/fault"), 504,
       "DEADLINE_EXCEEDED", "deadline"},
      {"Rfc9110_15_6_6_Version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505,
       "HTTP_VERSION_NOT_SUPPORTED", "version"},
  };
}

void PrintTo(const Want& want, std::ostream* out) {
  *out << want.name;
}

class EdgeStatuses : public testing::TestWithParam<Want> {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<HostFolder>();
    folder_->install("booking");
    folder_->installHostile("handler-waits", "enabled = true\nlimits.deadline_ms = 100\n");
    folder_->installHostile("handler-blames-vendor");
    folder_->configure("nobody", "enabled = true\n");
    host_ = std::make_unique<HostProcess>(*folder_, Environment{{"LIMITS_HEAD_TIMEOUT", "300ms"}});
    ASSERT_TRUE(host_->awaitReady()) << host_->logText();
    salon_ = std::make_unique<BookingBusiness>(*host_);
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(host_->stop(), 0);
    salon_.reset();
    host_.reset();
    folder_.reset();
  }

  static std::uint64_t rejected(std::string_view reason) {
    const std::string text = host_->client().get("/metrics").body;
    const std::string name =
        fmt::format("http_server_rejected_requests_total{{reason=\"{}\"}} ", reason);
    const auto at = text.find(name);
    std::uint64_t count = 0;
    if (at == std::string::npos) {
      ADD_FAILURE() << reason << " is no reason in /metrics";
    } else {
      std::from_chars(text.data() + at + name.size(), text.data() + text.size(), count);
    }
    return count;
  }

  inline static std::unique_ptr<HostFolder> folder_;
  inline static std::unique_ptr<HostProcess> host_;
  inline static std::unique_ptr<BookingBusiness> salon_;
};

TEST_P(EdgeStatuses, S59_C26_HasItsBodyItsHeadersAndItsCounter) {
  const Want& want = GetParam();
  const std::uint64_t before = rejected(want.reason);
  const HttpAnswer answer = host_->client().sendRaw(want.bytes);
  EXPECT_EQ(answer.status, want.status) << answer.body << answer.fault;
  EXPECT_EQ(answer.errorCode(), want.code);
  EXPECT_EQ(answer.json()["error"].value("statusCode", 0), want.status);
  EXPECT_EQ(answer.json()["error"].value("requestId", ""), answer.header("x-request-id"));
  EXPECT_NE(answer.header("x-request-id"), "");
  EXPECT_NE(answer.header("date"), "");
  EXPECT_EQ(answer.header("content-length"), std::to_string(answer.body.size()));
  EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.header("x-frame-options"), "DENY");
  EXPECT_EQ(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(answer.has("retry-after"), want.status == 503);
  EXPECT_EQ(answer.header("allow"), want.status == 405 ? "GET, HEAD, OPTIONS" : "");
  EXPECT_TRUE(await([&] { return rejected(want.reason) == before + 1; })) << want.reason;
}

INSTANTIATE_TEST_SUITE_P(Ops519, EdgeStatuses, testing::ValuesIn(wants()),
                         [](const auto& want) { return std::string{want.param.name}; });

using Development = EdgeStatuses;

TEST_F(Development, AnUnknownPathIsToldTheNearestRoute) {
  const auto said = [](std::string_view path) {
    return host_->client().get(path).json()["error"].value("message", "");
  };
  EXPECT_EQ(said("/helth"), "There is nothing here; the nearest route is /health.");
  EXPECT_EQ(said("/api/booking/v1/service"),
            "There is nothing here; the nearest route is /api/booking/v1/services.");
  EXPECT_EQ(said("/health/"), "There is nothing here; the nearest route is /health.");
  EXPECT_EQ(said("/nothing"), "There is nothing here.");
  EXPECT_EQ(said("/" + std::string(5000, 'a')), "There is nothing here.");
}

TEST(EdgeLimits, Ops519_EachIsASettingThatHolds) {
  const HostFolder folder;
  HostProcess host{folder,
                   {{"LIMITS_REQUEST_LINE_BYTES", "600"},
                    {"LIMITS_HEAD_BYTES", "2000"},
                    {"LIMITS_HEADER_FIELDS", "8"},
                    {"LIMITS_BODY_BYTES", "100"},
                    {"LIMITS_REQUESTS_PER_CONNECTION", "1"},
                    {"LIMITS_HEAD_TIMEOUT", "200ms"},
                    {"LIMITS_BODY_TIMEOUT", "300ms"},
                    {"LIMITS_BODY_GRACE", "100ms"},
                    {"LIMITS_BODY_BYTES_PER_SECOND", "10"}}};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  const auto status = [&](const std::string& bytes) { return host.client().sendRaw(bytes).status; };
  EXPECT_EQ(status(request("GET /" + std::string(500, 'a'))), 404);
  EXPECT_EQ(status(request("GET /" + std::string(700, 'a'))), 414);
  const std::string field = "X-A: " + std::string(900, 'a') + "\r\n";
  EXPECT_EQ(status(request("GET /health", field)), 200);
  EXPECT_EQ(status(request("GET /health", field + field + field)), 431);
  EXPECT_EQ(status(request("GET /health", "A: b\r\nC: d\r\nE: f\r\nG: h\r\nI: j\r\nK: l\r\n")),
            200);
  EXPECT_EQ(
      status(request("GET /health", "A: b\r\nC: d\r\nE: f\r\nG: h\r\nI: j\r\nK: l\r\nM: n\r\n")),
      431);
  EXPECT_EQ(status(request("POST /x", "Content-Length: 100\r\n", std::string(100, 'x'))), 404);
  EXPECT_EQ(status(request("POST /x", "Content-Length: 101\r\n", std::string(101, 'x'))), 413);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n"), 408) << "the head's deadline";
  EXPECT_EQ(status(request("POST /x", "Content-Length: 100\r\n", std::string(90, 'x'))), 408)
      << "the body's deadline";
  EXPECT_EQ(status(request("POST /x", "Content-Length: 100\r\n")), 408) << "the body's rate";
  const HttpAnswer last = host.client().sendRaw("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(last.header("connection"), "close") << "it was the only request that it may be";
  EXPECT_EQ(host.stop(), 0);
}

TEST(Overload, Rfc9110_15_6_4_AHundredAtOnceAreEachToldSomething) {
  const HostFolder folder;
  folder.installHostile("handler-waits", "enabled = true\nlimits.threads = 4\nlimits.queue = 16\n");
  HostProcess host{folder};
  ASSERT_TRUE(host.awaitReady()) << host.logText();
  ASSERT_EQ(host.keyed().post("/api/admin/tenants", R"({"slug":"salon","name":"Salon"})").status,
            201);
  const HttpClient client = host.keyed("salon");
  constexpr std::size_t kCalls = 100;
  std::vector<HttpAnswer> answers(kCalls);
  std::vector<std::thread> callers;
  for (auto& answer : answers)
    callers.emplace_back([&] { answer = client.get("/api/handler-waits/v1/fault"); });
  const HttpAnswer beside = host.client().get("/health/liveness");
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(beside.status, 200);
  std::size_t served = 0;
  std::size_t refused = 0;
  for (const HttpAnswer& answer : answers) {
    served += answer.status == 200 ? 1 : 0;
    if (answer.status != 503) continue;
    ++refused;
    EXPECT_EQ(answer.errorCode(), "OVERLOADED");
    EXPECT_EQ(answer.header("retry-after"), "1");
  }
  EXPECT_EQ(served + refused, kCalls) << "somebody got no answer";
  EXPECT_GE(served, 20U) << "those that ran and those that found a place in the queue";
  EXPECT_GE(refused, 1U);
  EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace bulkhead::integration
