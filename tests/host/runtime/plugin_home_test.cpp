#include "runtime/plugin_home.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "data/sqlite_store.hpp"
#include "host/runtime/silent_sinks.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr const char* kAny = R"({"type":"object"})";

class Silence final : public LogSink {
 public:
  void write(std::string_view, int level, std::string_view message, std::string_view,
             const LogTrace&) override {
    if (level >= BULKHEAD_LOG_ERROR) errors.emplace_back(message);
  }
  std::vector<std::string> errors;
};

/// A ledger of one number, with every way to answer or to fail.
class Till final : public Plugin {
 public:
  explicit Till(Registrar& registrar) : host_{registrar.host()} {
    registrar.route(
        {.method = "POST",
         .path = "/add",
         .scope = "till:write",
         .summary = "Adds",
         .request = kAny,
         .response = kAny,
         .success = 201,
         .idempotency = Idempotency::Required},
        [this](const Request& request, Transaction& write) { return add(request, write); });
    registrar.route({.method = "GET",
                     .path = "/sum",
                     .scope = "till:read",
                     .summary = "Sums",
                     .response = kAny},
                    [](const Request&, ReadTransaction& read) {
                      const auto sum =
                          read.first("SELECT coalesce(sum(amount), 0) FROM entry", values(),
                                     [](const Row& row) { return row.integer(0); });
                      return Response::json([&](JsonWriter& out) { out.object("sum", *sum); });
                    });
    registrar.route({.method = "GET",
                     .path = "/fault/{kind}",
                     .scope = "till:read",
                     .summary = "Fails",
                     .response = kAny},
                    [this](const Request& request) { return fault(request); });
  }

  void start() override {
    host_.write([](Transaction& write) {
      write.send("CREATE TABLE entry (amount INTEGER NOT NULL)", values());
    });
  }

  static std::atomic<int> runs;

 private:
  Response add(const Request& request, Transaction& write) {
    ++runs;
    const auto body = Json::parse(request.body());
    write.send("INSERT INTO entry (amount) VALUES ($1)", values(body.value("amount", 1)));
    const std::string then = body.value("then", "");
    if (then == "refuse")
      throw Error::conflict("TILL_FULL", "The till is full.").withDetails(R"({"amount":5})");
    if (then == "throw") throw std::runtime_error{"secret detail"};
    if (then == "unavailable") throw Error::app("OVERLOADED", "Later.");
    if (then == "answer 500") return Response::json(500, [](JsonWriter& out) { out.object(); });
    if (then == "expect")
      write.sendExpecting(1, Error::conflict("NOTHING_CHANGED", "No row."),
                          "DELETE FROM entry WHERE amount = -99", values());
    if (then == "nest") host_.read(request.context(), [](ReadTransaction&) {});
    return Response::json(201,
                          [&](JsonWriter& out) { out.object("added", body.value("amount", 1)); });
  }

  Response fault(const Request& request) {
    const auto kind = request.param("kind");
    if (kind == "std") throw std::runtime_error{"secret detail"};
    if (kind == "int") throw 5;  // NOLINT: what is thrown is the point
    if (kind == "error") throw Error::notFound("NOT_FOUND", "No such thing.");
    if (kind == "header") return Response::noContent().withHeader("X-A", "a\r\nX-B: injected");
    return Response::text(99, "no such status");
  }

  const Host host_;
};

std::atomic<int> Till::runs{0};

class PluginHomeTest : public ::testing::Test {
 protected:
  PluginHomeTest() { open(false); }

  void open(bool development) {
    home_.reset();
    HomeOptions options;
    options.plugin = "till";
    options.development = development;
    store_ = data::openSqliteStore({});
    home_ = std::make_unique<PluginHome>(bulkhead::detail::Door<Till>::table(), std::move(options),
                                         HomeServices{clock_, log_, metrics_, store_.get()});
    home_->create();
    home_->start();
    Till::runs = 0;
  }

  HttpResponse send(std::size_t route, const std::string& body, const std::string& key = {},
                    Fields parameters = {}) {
    HttpRequest request = sent_as_;
    request.method = home_->routes()[route]->contract.method();
    if (request.target.empty()) request.target = home_->routes()[route]->path;
    request.path = home_->routes()[route]->path;
    request.body = body;
    request.principal.tenant = "t1";
    request.path_parameters = std::move(parameters);
    if (!body.empty() && request.header("content-type") == nullptr)
      request.headers.emplace_back("content-type", "application/json");
    if (!key.empty()) request.headers.emplace_back("idempotency-key", key);
    return home_->handle(*home_->routes()[route], request,
                         std::chrono::steady_clock::now() + std::chrono::seconds{20});
  }
  HttpResponse add(const std::string& body, const std::string& key) { return send(0, body, key); }
  HttpResponse fault(const std::string& kind) { return send(2, "", "", {{"kind", kind}}); }
  void rule(std::string_view sql) {
    store_->write([&](data::Transaction& tx) { tx.send(sql, nullptr, 0); },
                  std::chrono::steady_clock::now() + std::chrono::seconds{20});
  }
  int sum() { return Json::parse(send(1, "").body).at("sum"); }

  static std::string codeOf(const HttpResponse& response) {
    return Json::parse(response.body).at("error").at("code");
  }
  static bool isReplay(const HttpResponse& response) {
    return std::count(response.headers.begin(), response.headers.end(),
                      std::pair<std::string, std::string>{"Idempotent-Replayed", "true"}) == 1;
  }

  HttpRequest sent_as_;  ///< what is equal in all requests
  SystemClock clock_;
  Silence log_;
  SilentMetrics metrics_;
  std::unique_ptr<data::Store> store_;
  std::unique_ptr<PluginHome> home_;
};

TEST_F(PluginHomeTest, B3_ARepeatGetsTheFirstAnswerAndHasNoEffect) {
  const auto first = add(R"({"amount":5})", "k1");
  EXPECT_EQ(first.status, 201);
  EXPECT_FALSE(isReplay(first));
  const auto again = add(R"({"amount":5})", "k1");
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_TRUE(isReplay(again));
  EXPECT_EQ(Till::runs, 1);
  EXPECT_EQ(sum(), 5);
}

TEST_F(PluginHomeTest, HomesWithOneMemoryCompileARouteOnce) {
  const auto memory = std::make_shared<RouteMemory>();
  const auto routesOf = [&](const std::shared_ptr<RouteMemory>& known, const char* plugin) {
    HomeOptions options;
    options.plugin = plugin;
    options.known_routes = known;
    PluginHome home{bulkhead::detail::Door<Till>::table(), std::move(options),
                    HomeServices{clock_, log_, metrics_, store_.get()}};
    home.create();
    return home.routes();
  };
  const auto first = routesOf(memory, "till");
  const auto second = routesOf(memory, "till");
  const auto alone = routesOf(nullptr, "till");
  ASSERT_GE(first.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(first[i], second[i]);
    EXPECT_NE(first[i], alone[i]);
    EXPECT_EQ(first[i]->path, alone[i]->path);
  }
}

// The control: without the key in the way the same requests do double.
TEST_F(PluginHomeTest, B3_WithAnotherKeyTheSameBodyIsAnotherRequest) {
  add(R"({"amount":5})", "k1");
  add(R"({"amount":5})", "k2");
  EXPECT_EQ(sum(), 10);
}

TEST_F(PluginHomeTest, B3_EqualRequestsAtOnceHaveOneEffect) {
  std::vector<std::thread> clients;
  std::atomic<int> replays{0};
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      const auto response = add(R"({"amount":7})", "same");
      EXPECT_EQ(response.status, 201);
      if (isReplay(response)) ++replays;
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(replays, 15);
  EXPECT_EQ(sum(), 7);
}

TEST_F(PluginHomeTest, B3_TheKeyBelongsToTheBody) {
  add(R"({"amount":5})", "k1");
  const auto reused = add(R"({"amount":6})", "k1");
  EXPECT_EQ(reused.status, 422);
  EXPECT_EQ(codeOf(reused), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(sum(), 5);
}

TEST_F(PluginHomeTest, B3_ARefusalIsStoredAndItsEffectIsNot) {
  const auto refused = add(R"({"amount":5,"then":"refuse"})", "k1");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(sum(), 0);
  const int runs = Till::runs;
  sent_as_.request_id = "second";
  const auto again = add(R"({"amount":5,"then":"refuse"})", "k1");
  EXPECT_EQ(again.status, 409);
  const auto error = Json::parse(again.body).at("error");
  EXPECT_EQ(error.at("code"), "TILL_FULL");
  EXPECT_EQ(error.at("message"), "The till is full.");
  EXPECT_EQ(error.at("details").at("amount"), 5);
  EXPECT_EQ(error.at("requestId"), "second") << "the id that this answer's header has";
  EXPECT_EQ(again.refusal.code, "TILL_FULL") << "for the log";
  EXPECT_TRUE(isReplay(again));
  EXPECT_EQ(Till::runs, runs);
}

// Goal: what a rule of the store refuses is a refusal like one of the handler's, stored for
// repeats, and says nothing of tables. Method: rules that the handler knows nothing of.
TEST_F(PluginHomeTest, S58_B3_WhatTheStoreRefusesIsARefusal) {
  rule(
      "CREATE TRIGGER full BEFORE INSERT ON entry WHEN new.amount > 100 BEGIN SELECT "
      "raise(abort, 'conflict TILL_FULL: The till is full.'); END");
  rule(
      "CREATE TRIGGER debts BEFORE INSERT ON entry WHEN new.amount < 0 BEGIN SELECT "
      "raise(abort, 'NO_DEBTS'); END");
  rule("CREATE UNIQUE INDEX once ON entry (amount)");
  const auto full = add(R"({"amount":101})", "k1");
  EXPECT_EQ(full.status, 409);
  EXPECT_EQ(codeOf(full), "TILL_FULL");
  EXPECT_EQ(Json::parse(full.body).at("error").at("message"), "The till is full.");
  EXPECT_TRUE(isReplay(add(R"({"amount":101})", "k1")));
  const auto debts = add(R"({"amount":-1})", "k2");
  EXPECT_EQ(debts.status, 422);
  EXPECT_EQ(codeOf(debts), "NO_DEBTS");
  EXPECT_EQ(add(R"({"amount":5})", "k3").status, 201);
  const auto twice = add(R"({"amount":5})", "k4");
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(codeOf(twice), "DUPLICATE");
  EXPECT_EQ(twice.body.find("entry"), std::string::npos) << twice.body;
  EXPECT_EQ(sum(), 5);
}

// Goal: a key that is checked late refuses before the answer is stored.
TEST_F(PluginHomeTest, S58_B3_ADeferredKeysRefusalIsStored) {
  rule("CREATE TABLE known (amount INTEGER PRIMARY KEY)");
  rule("INSERT INTO known VALUES (5)");
  rule("DROP TABLE entry");
  rule(
      "CREATE TABLE entry (amount INTEGER NOT NULL REFERENCES known (amount) DEFERRABLE INITIALLY "
      "DEFERRED)");
  const auto refused = add(R"({"amount":6})", "k1");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(codeOf(refused), "REFERENCE_VIOLATION");
  const int runs = Till::runs;
  const auto again = add(R"({"amount":6})", "k1");
  EXPECT_TRUE(isReplay(again));
  EXPECT_EQ(codeOf(again), "REFERENCE_VIOLATION");
  EXPECT_EQ(Till::runs, runs);
  EXPECT_EQ(add(R"({"amount":5})", "k2").status, 201);
  EXPECT_EQ(sum(), 5);
}

// Goal: a NULL that the handler should not have written is its fault, and not the client's.
TEST_F(PluginHomeTest, S58_AMissingValueIsAFailureThatIsNotStored) {
  rule("CREATE TRIGGER mistake AFTER INSERT ON entry BEGIN UPDATE entry SET amount = NULL; END");
  for (int i = 0; i < 2; ++i) {
    const int runs = Till::runs;
    const auto failed = add(R"({"amount":6})", "k1");
    EXPECT_EQ(failed.status, 500);
    EXPECT_EQ(codeOf(failed), "DATABASE_ERROR");
    EXPECT_FALSE(isReplay(failed));
    EXPECT_GT(Till::runs, runs);
  }
}

TEST_F(PluginHomeTest, B3_HowARequestIsWrittenMakesItNoOther) {
  add(R"({"amount":5})", "k1");
  sent_as_.headers = {{"content-type", "application/json; charset=utf-8"}};
  EXPECT_TRUE(isReplay(add(R"({"amount":5})", "k1")));
  sent_as_.target = "http://booking.example/api/till/v1/add?";
  EXPECT_TRUE(isReplay(add(R"({"amount":5})", "k1")));
  sent_as_.query = {{"dry", "true"}};
  EXPECT_FALSE(isReplay(add(R"({"amount":5})", "k1"))) << "a query has a meaning";
}

TEST_F(PluginHomeTest, B3_WhatMayMendItselfIsNotStored) {
  for (const char* then : {"throw", "answer 500", "unavailable"}) {
    const std::string body = R"({"then":")" + std::string{then} + R"("})";
    const std::string key = "key-of-" + std::to_string(body.size());
    EXPECT_GE(add(body, key).status, 500) << then;
    const int runs = Till::runs;
    EXPECT_FALSE(isReplay(add(body, key))) << then;
    EXPECT_GT(Till::runs, runs) << then;
  }
  EXPECT_EQ(sum(), 0);
}

TEST_F(PluginHomeTest, AKeyIsRequiredOnceAndWellFormed) {
  EXPECT_EQ(codeOf(add("{}", "")), "IDEMPOTENCY_KEY_REQUIRED");
  EXPECT_EQ(codeOf(add("{}", std::string(256, 'k'))), "IDEMPOTENCY_KEY_INVALID");
  EXPECT_EQ(codeOf(add("{}", "with blank")), "IDEMPOTENCY_KEY_INVALID");
  EXPECT_EQ(add("{}", "\"quoted\"").status, 201);
  EXPECT_TRUE(isReplay(add("{}", "quoted")));
}

TEST_F(PluginHomeTest, AStatementThatChangesAnotherNumberOfRowsEndsItsTransaction) {
  const auto response = add(R"({"amount":5,"then":"expect"})", "k1");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(codeOf(response), "NOTHING_CHANGED");
  EXPECT_EQ(sum(), 0);
}

TEST_F(PluginHomeTest, NobodyEntersAPluginThatWasLeftBehind) {
  home_->abandon();
  const auto late = add(R"({"amount":5})", "k1");
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(codeOf(late), "PLUGIN_UNAVAILABLE");
  EXPECT_EQ(Till::runs, 0);
  EXPECT_EQ(fault("error").status, 503);
  // allowed: outlives every destructor on purpose, as a plugin that was left behind does
  static auto* const left_behind = new std::vector<std::unique_ptr<PluginHome>>;
  left_behind->push_back(std::move(home_));
}

TEST_F(PluginHomeTest, ATransactionWithinATransactionIsRefused) {
  EXPECT_EQ(codeOf(add(R"({"then":"nest"})", "k1")), "CALL_IN_TRANSACTION");
  EXPECT_EQ(sum(), 0);
}

TEST_F(PluginHomeTest, S61_WhateverAHandlerThrowsBecomesTheErrorBody) {
  EXPECT_EQ(fault("std").status, 500);
  EXPECT_EQ(codeOf(fault("std")), "INTERNAL_ERROR");
  EXPECT_EQ(codeOf(fault("int")), "INTERNAL_ERROR");
  EXPECT_EQ(fault("error").status, 404);
  EXPECT_EQ(codeOf(fault("header")), "INVALID_HEADER");
  EXPECT_EQ(codeOf(fault("status")), "INTERNAL_ERROR");
}

TEST_F(PluginHomeTest, S60_TheTextOfAnUnexpectedExceptionIsForTheLogAlone) {
  EXPECT_EQ(fault("std").body.find("secret detail"), std::string::npos);
  EXPECT_EQ(log_.errors.back(), "secret detail");
  open(true);
  EXPECT_NE(fault("std").body.find("secret detail"), std::string::npos);
}

/// Breaks the rules of creation one at a time.
class Unruly final : public Plugin {
 public:
  explicit Unruly(Registrar& registrar) : host_{registrar.host()} {
    if (what == "store") host_.read([](ReadTransaction&) {});
    if (what == "contract")
      registrar.route({.method = "GET", .path = "/x", .summary = ""},
                      [](const Request&) { return Response::noContent(); });
    if (what.starts_with("/api/")) {
      registrar.route(
          {.method = "GET", .path = what, .scope = "a:b", .summary = "s", .response = kAny},
          [](const Request&) { return Response::noContent(); });
    }
    if (what == "metrics") {
      for (int i = 0; i < 201; ++i) registrar.counter("m" + std::to_string(i), "Counts");
    }
    if (what == "contributors") {
      for (int i = 0; i < 2; ++i) registrar.health("same", [](const Context&) { return Health{}; });
    }
    if (what == "int") throw 5;  // NOLINT: what is thrown is the point
  }

  static std::string what;

 private:
  const Host host_;
};

std::string Unruly::what;

TEST(PluginHomeCreation, ARuleThatIsBrokenRefusesThePlugin) {
  const std::pair<const char*, const char*> table[] = {{"store", "NO_STORE"},
                                                       {"contract", "CONTRACT_REFUSED"},
                                                       {"/api/admin", "ROUTE_REFUSED"},
                                                       {"/api/admin/x", "ROUTE_REFUSED"},
                                                       {"/api/monitoring/x", "ROUTE_REFUSED"},
                                                       {"/api/booking/v1/slots", "ROUTE_REFUSED"},
                                                       {"/api/{a}/{b}", "ROUTE_REFUSED"},
                                                       {"/api/", "ROUTE_REFUSED"},
                                                       {"metrics", "TOO_MANY_METRICS"},
                                                       {"contributors", "DUPLICATE_CONTRIBUTOR"},
                                                       {"int", "INTERNAL_ERROR"}};
  SystemClock clock;
  Silence log;
  SilentMetrics metrics;
  const auto store = data::openSqliteStore({});
  for (const auto& [what, code] : table) {
    Unruly::what = what;
    HomeOptions options;
    options.plugin = "unruly";
    PluginHome home{bulkhead::detail::Door<Unruly>::table(),
                    std::move(options),
                    {clock, log, metrics, store.get()}};
    try {
      home.create();
      ADD_FAILURE() << what << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << what;
    }
    EXPECT_TRUE(home.routes().empty());
  }
}

TEST(PluginHomeCreation, AbsolutePathsAreThePluginsOwnOrThoseItReplaces) {
  SystemClock clock;
  Silence log;
  SilentMetrics metrics;
  for (const char* path : {"/api/unruly/v2/x", "/api/old-desk/x"}) {
    Unruly::what = path;
    HomeOptions options;
    options.plugin = "unruly";
    options.replaces = {"old-desk"};
    PluginHome home{bulkhead::detail::Door<Unruly>::table(),
                    std::move(options),
                    {clock, log, metrics, nullptr}};
    home.create();
    ASSERT_EQ(home.routes().size(), 1U);
    EXPECT_EQ(home.routes()[0]->path, path);
  }
}

}  // namespace
}  // namespace bulkhead::host
