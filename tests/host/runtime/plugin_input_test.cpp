#include "runtime/plugin_input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include <bulkhead/plugin.hpp>

#include "data/sqlite_store.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kNote =
    R"({"type":"object","required":["note"],"additionalProperties":true,"properties":{)"
    R"("note":{"type":"string","minLength":1},"count":{"type":"integer"}}})";
constexpr std::string_view kQuery = R"({"type":"object","properties":{"q":{"type":"string"}}})";
constexpr std::string_view kAny = R"({"type":"object"})";
constexpr std::string_view kHostile = "<img src=x onerror=alert(1)>";

/// Tells what it was given.
class Parrot final : public Plugin {
 public:
  explicit Parrot(Registrar& registrar) {
    const auto add = [&](Route route, auto handler) {
      route.scope = "parrot:write";
      route.response = kAny;
      registrar.route(route, handler);
    };
    add({.method = "POST",
         .path = "/plain/{id}",
         .summary = "Repeats",
         .query = kQuery,
         .request = kNote},
        repeat);
    add({.method = "POST",
         .path = "/rich/{id}",
         .summary = "Repeats",
         .query = kQuery,
         .request = kNote,
         .sanitize = false},
        repeat);
    add({.method = "POST",
         .path = "/signed/{id}",
         .summary = "Repeats",
         .query = kQuery,
         .raw_body = true},
        repeat);
    add({.method = "POST",
         .path = "/keyed/{id}",
         .summary = "Repeats",
         .query = kQuery,
         .request = kNote,
         .idempotency = Idempotency::Required},
        [](const Request& request, Transaction&) { return repeat(request); });
  }

 private:
  static Response repeat(const Request& request) {
    return Response::json([&](JsonWriter& out) {
      out.object("body", request.body(), "q", request.query("q"), "id", request.param("id"));
    });
  }
};

class Record final : public LogSink, public MetricSink {
 public:
  void write(std::string_view, int level, std::string_view message, std::string_view fields,
             const LogTrace&) override {
    if (level == BULKHEAD_LOG_DEBUG) debug.append(message).append(fields);
  }
  std::uint32_t declare(std::string_view, const MetricDescription&) override { return 0; }
  void record(std::uint32_t, const std::vector<std::string_view>&, double) override {}
  void withdraw(std::span<const std::uint32_t>) override {}
  void countSanitized(std::string_view plugin, std::size_t values) override {
    sanitized[std::string{plugin}] += values;
  }

  std::string debug;
  std::map<std::string, std::size_t> sanitized;
};

class SanitizedInput : public ::testing::Test {
 protected:
  enum Routes { kPlain, kRich, kSigned, kKeyed };

  SanitizedInput() {
    HomeOptions options;
    options.plugin = "parrot";
    home_ =
        std::make_unique<PluginHome>(bulkhead::detail::Door<Parrot>::table(), std::move(options),
                                     HomeServices{clock_, record_, record_, store_.get()});
    home_->create();
    home_->start();
  }

  HttpResponse send(Routes route, std::string body, std::string q = {}, std::string id = "1",
                    const std::string& key = {}) {
    HttpRequest request;
    request.method = "POST";
    request.path = home_->routes()[route]->path;
    request.body = std::move(body);
    request.principal.tenant = "t1";
    request.headers = {{"content-type", "application/json"}};
    if (!q.empty()) request.query = {{"q", std::move(q)}};
    if (!key.empty()) request.headers.emplace_back("idempotency-key", key);
    request.path_parameters = {{"id", std::move(id)}};
    return home_->handle(*home_->routes()[route], request,
                         std::chrono::steady_clock::now() + std::chrono::seconds{5});
  }
  static Json seenIn(const HttpResponse& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    return Json::parse(response.body);
  }

  SystemClock clock_;
  Record record_;
  std::unique_ptr<data::Store> store_ = data::openSqliteStore({});
  std::unique_ptr<PluginHome> home_;
};

TEST_F(SanitizedInput, S36_S37_S38_BodyQueryAndParameterOfAnOrdinaryRoute) {
  const Json seen = seenIn(
      send(kPlain, R"({"note":"Ann<script>x</script>", "deep":[{"<b x=1>":2.50}],"count":1})",
           std::string{kHostile}, "<script>1</script>7"));
  EXPECT_EQ(seen["body"], R"({"note":"Ann", "deep":[{"< b x=1>":2.50}],"count":1})");
  EXPECT_EQ(seen["q"], "< img src=x onerror=alert(1)>");
  EXPECT_EQ(seen["id"], "7");
  EXPECT_EQ(record_.sanitized["parrot"], 4U);
  EXPECT_THAT(record_.debug, HasSubstr("Input sanitized"));
  EXPECT_THAT(record_.debug, HasSubstr(R"("values":4)"));
  EXPECT_THAT(record_.debug, Not(HasSubstr("alert"))) << "the log is a page, too";
}

TEST_F(SanitizedInput, C22_HarmlessInputIsTheBytesThatWereSent) {
  const std::string body = R"({ "note" : "Ann <ann@x.org> \u003c3" , "n": 1.0e2 })";
  const Json seen = seenIn(send(kPlain, body, "a<b"));
  EXPECT_EQ(seen["body"], body);
  EXPECT_EQ(seen["q"], "a<b");
  EXPECT_TRUE(record_.sanitized.empty());
  EXPECT_EQ(record_.debug, "");
}

TEST_F(SanitizedInput, C22_ARawBodyAndARouteThatSaysSoGetWhatWasSent) {
  const std::string body = Json{{"note", kHostile}}.dump();
  for (const Routes route : {kRich, kSigned}) {
    const Json seen = seenIn(send(route, body, std::string{kHostile}, std::string{kHostile}));
    EXPECT_EQ(seen["body"], body);
    EXPECT_EQ(seen["q"], kHostile);
    EXPECT_EQ(seen["id"], kHostile);
  }
  EXPECT_TRUE(record_.sanitized.empty());
  EXPECT_NE(seenIn(send(kPlain, body))["body"], body) << "control: an ordinary route";
}

// Goal: what a handler sees fits its schema, also where the fit is lost, or a forbidden value is
// put together, by sanitizing.
TEST_F(SanitizedInput, S36_WhatIsSanitizedIsCheckedAgain) {
  EXPECT_EQ(send(kPlain, R"({"note":"<script>x</script>"})").status, 400) << "now it is too short";
  EXPECT_EQ(send(kPlain, R"({"note":"a","co<script></script>unt":"text"})").status, 400)
      << "the name that appears has a type";
  EXPECT_EQ(send(kPlain, R"({"note":"a","cou":"text"})").status, 200) << "control";
}

TEST_F(SanitizedInput, C22_TheKeyBelongsToTheBytesThatWereSent) {
  const HttpResponse first = send(kKeyed, R"({"note":"a<script>1</script>"})", {}, "1", "k");
  EXPECT_EQ(first.status, 200) << first.body;
  const HttpResponse again = send(kKeyed, R"({"note":"a<script>1</script>"})", {}, "1", "k");
  EXPECT_EQ(again.body, first.body) << "it is the first answer";
  EXPECT_EQ(send(kKeyed, R"({"note":"a<script>2</script>"})", {}, "1", "k").status, 422)
      << "another body, although the handler would see the same";
}

}  // namespace
}  // namespace bulkhead::host
