#include "monitoring/metrics_negotiation.hpp"

#include <gtest/gtest.h>

#include <bulkhead/error.hpp>

namespace bulkhead::host::monitoring {
namespace {

constexpr auto kJson = MetricsFormat::Json;
constexpr auto kText = MetricsFormat::Prometheus;
constexpr auto kOpen = MetricsFormat::OpenMetrics;
constexpr std::string_view kPrometheusAccept =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

HttpRequest accepting(std::string_view accept) {
  HttpRequest request;
  if (!accept.empty()) request.headers.emplace_back("accept", accept);
  return request;
}

HttpRequest with(HttpRequest request, std::string_view name, std::string_view value) {
  request.query.emplace_back(name, value);
  return request;
}

TEST(MetricsNegotiation, C1_AcceptDecides) {
  struct Row {
    std::string_view accept;
    MetricsFormat expected;
  };
  const Row rows[] = {
      {"", kJson},
      {"*/*", kJson},
      {kPrometheusAccept, kOpen},
      {"text/plain;version=0.0.4", kText},
      {"text/plain; version=\"0.0.4\"", kText},
      {"text/plain;version=0.0.4;q=0, application/json", kJson},
      {"application/json, text/plain, */*", kJson},  // axios: no version parameter
      {"application/json", kJson},
      {"application/*", kJson},
      {"text/plain", kText},
      {"text/plain, */*", kText},
      {"text/plain, application/json;q=0.5", kText},
      {"text/plain;q=0.4, application/json;q=0.5", kJson},
      {"text/html,*/*;q=0.1", kJson},
      {"application/openmetrics-text", kOpen},
      {"application/openmetrics-text;q=0, */*", kJson},
      {"application/openmetrics-text;version=0.0.1, text/plain;version=0.0.4", kText},
      {"APPLICATION/JSON", kJson}};
  for (const Row& row : rows)
    EXPECT_EQ(negotiate(accepting(row.accept)), row.expected) << row.accept;
}

TEST(MetricsNegotiation, C1_NothingAcceptableIs406) {
  for (const std::string_view accept : {"image/png", "application/json;q=0", "*/*;q=0"}) {
    try {
      negotiate(accepting(accept));
      ADD_FAILURE() << accept;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "NOT_ACCEPTABLE") << accept;
    }
  }
}

TEST(MetricsNegotiation, C1_FormatWinsOverAll) {
  const HttpRequest scraper = accepting(kPrometheusAccept);
  EXPECT_EQ(negotiate(with(scraper, "format", "json")), kJson);
  EXPECT_EQ(negotiate(with(with(scraper, "window", "5"), "format", "prometheus")), kText);
  EXPECT_EQ(negotiate(with(accepting("image/png"), "format", "openmetrics")), kOpen);
  EXPECT_THROW(negotiate(with(scraper, "format", "xml")), Error);
}

TEST(MetricsNegotiation, C1_WindowMeansJson) {
  EXPECT_EQ(negotiate(with(accepting(kPrometheusAccept), "window", "60")), kJson);
}

TEST(MetricsNegotiation, C1_S107_AScraperGetsTextWhateverItAccepts) {
  HttpRequest scraper = accepting("*/*");
  EXPECT_EQ(negotiate(scraper), kJson) << "control: without its header it is anyone";
  scraper.headers.emplace_back("x-prometheus-scrape-timeout-seconds", "10");
  EXPECT_EQ(negotiate(scraper), kText);
  HttpRequest agent = accepting("application/json");
  agent.headers.emplace_back("user-agent", "Prometheus/2.42.0");
  EXPECT_EQ(negotiate(agent), kText);
  agent.headers = {{"accept", std::string{kPrometheusAccept}}, {"user-agent", "vmagent"}};
  EXPECT_EQ(negotiate(agent), kOpen);
  agent.headers = {{"user-agent", "curl/7.88 Prometheus/"}};
  EXPECT_EQ(negotiate(agent), kJson) << "it must begin with the name";
}

TEST(MetricsNegotiation, C1_TheDefaultIsConfigurable) {
  EXPECT_EQ(negotiate(accepting("*/*"), kText), kText);
  EXPECT_EQ(negotiate(accepting("application/json"), kText), kJson);
}

TEST(MetricsNegotiation, SeveralAcceptFieldsAreOneList) {
  HttpRequest request = accepting("image/png");
  request.headers.emplace_back("accept", "application/json");
  EXPECT_EQ(negotiate(request), kJson);
}

}  // namespace
}  // namespace bulkhead::host::monitoring
