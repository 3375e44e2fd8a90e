#include <future>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "data/sqlite_store.hpp"
#include "host/data/store_fixture.hpp"
#include "runtime/host_table.hpp"
#include "runtime/http_sender.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {
namespace {

constexpr const char* kAny = R"({"type":"object"})";

class NoLog final : public LogSink {
  void write(std::string_view, int, std::string_view, std::string_view, const LogTrace&) override {}
};

class NoMetrics final : public MetricSink {
  std::uint32_t declare(std::string_view, const MetricDescription&) override { return 0; }
  void record(std::uint32_t, const std::vector<std::string_view>&, double) override {}
  void withdraw(std::span<const std::uint32_t>) override {}
};

OutboundRequest refund() {
  OutboundRequest request;
  request.method = "POST";
  request.url = "https://api.example/v1/refunds";
  request.headers = {{"Authorization", "Bearer x"}, {"X-Empty", ""}};
  request.body = std::string{"a\0b", 3};
  request.operation = "refunds.create";
  request.repeatable = true;
  request.timeout = std::chrono::milliseconds{1500};
  return request;
}

/// Calls a service from wherever a plugin may think of it.
class Caller final : public Plugin {
 public:
  explicit Caller(Registrar& registrar) : host_{registrar.host()} {
    registrar.route(route("/plain"), [this](const Request& request) {
      return shown(host_.send(request.context(), refund()));
    });
    registrar.route(route("/without-context"),
                    [this](const Request&) { return shown(host_.send(refund())); });
    registrar.route(route("/own-time"), [this](const Request&) {
      auto own = std::async(std::launch::async, [this] { return host_.send(refund()); });
      return shown(own.get());
    });
    registrar.route(route("/in-write"), [this](const Request& request, Transaction&) {
      return shown(host_.send(request.context(), refund()));
    });
    registrar.route(route("/in-nested"), [this](const Request& request) {
      return host_.write(request.context(),
                         [&](Transaction&) { return shown(host_.send(refund())); });
    });
    if (calls_in_constructor) host_.send(refund());
  }

  static bool calls_in_constructor;

 private:
  static Route route(const char* path) {
    return {.method = "POST",
            .path = path,
            .scope = "caller:call",
            .summary = "Calls",
            .response = kAny};
  }
  static Response shown(const OutboundAnswer& answer) {
    return Response::json([&](JsonWriter& out) {
      out.object("outcome", static_cast<int>(answer.outcome), "status", answer.status, "body",
                 answer.body, "id", answer.header("x-id").value_or(""), "code", answer.code,
                 "message", answer.message, "retry_after", answer.retry_after_s, "attempts",
                 answer.attempts, "elapsed_us", answer.elapsed.count());
    });
  }

  const Host host_;
};

bool Caller::calls_in_constructor = false;

class RecordingSender final : public HttpSender {
 public:
  OutboundAnswer send(OutboundRequest request, const HttpCaller& caller) override {
    requests.push_back(std::move(request));
    plugin = caller.plugin;
    request_id = caller.trace.request_id;
    tenant = caller.trace.tenant;
    deadline = caller.deadline;
    return answer;
  }

  OutboundAnswer answer{};
  std::vector<OutboundRequest> requests;
  std::string plugin;
  std::string request_id;
  std::string tenant;
  std::chrono::steady_clock::time_point deadline;
};

class OutboundCalls : public ::testing::Test {
 protected:
  void open(HttpSender* sender) {
    store_ = data::openSqliteStore({});
    HomeOptions options;
    options.plugin = "caller";
    options.development = true;
    options.default_deadline = std::chrono::seconds{7};
    home_ = std::make_unique<PluginHome>(
        bulkhead::detail::Door<Caller>::table(), std::move(options),
        HomeServices{clock_, log_, metrics_, store_.get(), nullptr, nullptr, sender});
    home_->create();
    home_->start();
  }

  nlohmann::json call(const std::string& name) {
    HttpRequest request;
    request.method = "POST";
    request.request_id = "request-1";
    request.principal.tenant = "t1";
    for (const auto& route : home_->routes()) {
      if (!route->path.ends_with(name)) continue;
      request.path = route->path;
      const auto response = home_->handle(*route, request, deadline_);
      return nlohmann::json::parse(response.body);
    }
    return {};
  }

  SystemClock clock_;
  NoLog log_;
  NoMetrics metrics_;
  RecordingSender sender_;
  const std::chrono::steady_clock::time_point deadline_ = data::within();
  std::unique_ptr<data::SqliteStore> store_;
  std::unique_ptr<PluginHome> home_;
};

TEST_F(OutboundCalls, RequestAndAnswerCrossTheWaistWhole) {
  open(&sender_);
  sender_.answer.outcome = Outcome::HttpError;
  sender_.answer.status = 429;
  sender_.answer.headers = {{"x-id", "r-1"}};
  sender_.answer.body = "slow down";
  sender_.answer.retry_after_s = 7;
  sender_.answer.attempts = 2;
  sender_.answer.elapsed = std::chrono::microseconds{1234};
  EXPECT_EQ(call("/plain"), (nlohmann::json{{"outcome", 1},
                                            {"status", 429},
                                            {"body", "slow down"},
                                            {"id", "r-1"},
                                            {"code", ""},
                                            {"message", ""},
                                            {"retry_after", 7},
                                            {"attempts", 2},
                                            {"elapsed_us", 1234}}));
  ASSERT_EQ(sender_.requests.size(), 1U);
  const OutboundRequest sent = sender_.requests[0];
  const OutboundRequest asked = refund();
  EXPECT_EQ(sent.method, asked.method);
  EXPECT_EQ(sent.url, asked.url);
  EXPECT_EQ(sent.headers, asked.headers);
  EXPECT_EQ(sent.body, asked.body);
  EXPECT_EQ(sent.operation, asked.operation);
  EXPECT_EQ(sent.repeatable, asked.repeatable);
  EXPECT_EQ(sent.timeout, asked.timeout);
}

TEST_F(OutboundCalls, TheCallersDeadlineAndIdsGoWithIt) {
  open(&sender_);
  call("/plain");
  EXPECT_EQ(sender_.plugin, "caller");
  EXPECT_EQ(sender_.request_id, "request-1");
  EXPECT_EQ(sender_.tenant, "t1");
  EXPECT_EQ(sender_.deadline, deadline_);
  call("/without-context");
  EXPECT_EQ(sender_.request_id, "request-1");
  EXPECT_EQ(sender_.deadline, deadline_) << "the running call's";
  call("/own-time");
  EXPECT_EQ(sender_.request_id, "");
  const auto left = sender_.deadline - std::chrono::steady_clock::now();
  EXPECT_LE(left, std::chrono::seconds{7}) << "the plugin's own, on a thread without a call";
  EXPECT_GT(left, std::chrono::seconds{2});
}

TEST_F(OutboundCalls, NothingGoesOutOfATransaction) {
  open(&sender_);
  sender_.answer.outcome = Outcome::Ok;
  for (const char* inside : {"/in-write", "/in-nested"}) {
    const auto refused = call(inside);
    EXPECT_EQ(refused["error"]["code"], "CALL_IN_TRANSACTION") << inside << refused;
  }
  EXPECT_TRUE(sender_.requests.empty());
  EXPECT_EQ(call("/plain")["outcome"], 0) << "beside one it does";
}

TEST_F(OutboundCalls, NothingGoesOutWhereThereIsNoWay) {
  open(nullptr);
  EXPECT_EQ(call("/plain")["error"]["code"], "NO_EGRESS");
}

TEST_F(OutboundCalls, NothingGoesOutWhileThePluginIsCreated) {
  Caller::calls_in_constructor = true;
  try {
    open(&sender_);
    ADD_FAILURE() << "it was created";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "NO_EGRESS");
  }
  Caller::calls_in_constructor = false;
  EXPECT_TRUE(sender_.requests.empty());
}

TEST_F(OutboundCalls, ARequestOfAShorterSizeIsRefused) {
  open(&sender_);
  const bulkhead_host& table = hostTable();
  bulkhead_home handle{*home_};
  bulkhead_http_request request{};
  request.size = sizeof request - 1;
  waist::ErrorCatcher caught;
  const auto status = table.http_send(
      &handle, nullptr, &request, [](void*, const bulkhead_http_answer*) {}, nullptr,
      caught.sink());
  EXPECT_EQ(status, BULKHEAD_CONFIGURATION_ERROR);
  EXPECT_TRUE(sender_.requests.empty());
}

}  // namespace
}  // namespace bulkhead::host
