#include "runtime/recovery_points.hpp"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "data/sqlite_store.hpp"
#include "host/data/forgetful_disk.hpp"
#include "host/data/store_fixture.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr const char* kAny = R"({"type":"object"})";

class SetClock final : public Clock {
 public:
  std::int64_t nowUs() const override { return now_us; }
  std::int64_t monotonicUs() const override { return now_us; }
  std::atomic<std::int64_t> now_us{1'800'000'000'000'000};
};

/// An outside service that charges cards. It knows what it did whatever happens to its callers, and
/// does it once for each token that it is given.
class Bank {
 public:
  std::string charge(const std::string& token) {
    if (on_charge) on_charge();
    const std::lock_guard lock{mutex_};
    ++calls;
    if (!token.empty() && by_token_.contains(token)) return by_token_[token];
    const std::string id = "charge-" + std::to_string(++charges);
    if (!token.empty()) by_token_[token] = id;
    return id;
  }

  int calls = 0;
  int charges = 0;
  std::function<void()> on_charge;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> by_token_;
};

class Shop final : public Plugin {
 public:
  explicit Shop(Registrar& registrar) : host_{registrar.host()} {
    Route route{.method = "POST",
                .path = "/guarded",
                .scope = "shop:sell",
                .summary = "Sells",
                .request = kAny,
                .response = kAny,
                .success = 201,
                .idempotency = Idempotency::Required,
                .recovery_points = {"charged", "sold"}};
    registrar.route(route, [this](const Request& request, Recovery& recovery) {
      return sell(request, recovery);
    });
    route.path = "/unguarded";
    route.idempotency = Idempotency::None;
    route.recovery_points = {};
    registrar.route(route, [this](const Request& request) {
      const std::string charge = bank->charge({});
      host_.write(request.context(), [&](Transaction& write) { record(write, charge); });
      return sold(charge);
    });
    route.path = "/keyed";
    route.idempotency = Idempotency::Required;
    registrar.route(route, [](const Request&, Transaction& write) {
      record(write, "cash");
      return sold("cash");
    });
    route.path = "/unkeyed";
    route.idempotency = Idempotency::None;
    registrar.route(route, [](const Request&, Transaction& write) {
      record(write, "cash");
      return sold("cash");
    });
  }

  void start() override {
    host_.write([](Transaction& write) {
      write.send("CREATE TABLE IF NOT EXISTS sale (charge TEXT NOT NULL)", values());
    });
  }

  static Bank* bank;
  static std::atomic<int> runs;

 private:
  Response sell(const Request& request, Recovery& recovery) {
    ++runs;
    const auto body = Json::parse(request.body());
    const std::string then = body.value("then", "");
    const std::string charge =
        recovery.call("charged", [&] { return bank->charge(recovery.token("charged")); });
    if (then == "fail once" && runs == 1) throw std::runtime_error{"not this time"};
    if (then == "refuse") throw Error::businessLogic("CARD_DECLINED", "The card was declined.");
    if (then == "undeclared") recovery.call("nowhere", [] { return std::string{}; });
    if (then == "nested") {
      host_.write(request.context(),
                  [&](Transaction&) { recovery.call("sold", [] { return std::string{}; }); });
    }
    recovery.commit("sold", [&](Transaction& write) {
      record(write, charge);
      return charge;
    });
    return sold(charge);
  }
  static void record(Transaction& write, const std::string& charge) {
    write.send("INSERT INTO sale (charge) VALUES ($1)", values(charge));
  }
  static Response sold(const std::string& charge) {
    return Response::json(201, [&](JsonWriter& out) { out.object("charge", charge); });
  }

  const Host host_;
};

Bank* Shop::bank = nullptr;
std::atomic<int> Shop::runs{0};

enum Way : std::size_t { Guarded, Unguarded, Keyed, Unkeyed };

/// A shop in a home that can be ended and begun again on what its disk has.
class ShopProcess {
 public:
  explicit ShopProcess(std::filesystem::path store, bool lease_shared = false)
      : path_{std::move(store)}, lease_shared_{lease_shared} {
    Shop::bank = &bank;
    Shop::runs = 0;
    begin();
  }

  void begin() {
    store_ = data::openSqliteStore({.path = path_,
                                    .owner = "shop",
                                    .retry_interval = std::chrono::milliseconds{0},
                                    .lease_shared = lease_shared_});
    HomeOptions options;
    options.plugin = "shop";
    home_ = std::make_unique<PluginHome>(bulkhead::detail::Door<Shop>::table(), std::move(options),
                                         HomeServices{clock, log_, metrics_, store_.get()});
    home_->create();
    home_->start();
  }
  void end() {
    home_.reset();
    store_.reset();
  }

  HttpResponse sell(Way way, const std::string& body = "{}", const std::string& key = "k1") {
    HttpRequest request;
    request.method = "POST";
    request.path = home_->routes()[way]->path;
    request.body = body;
    request.principal.tenant = "t1";
    request.headers.emplace_back("content-type", "application/json");
    request.headers.emplace_back("idempotency-key", key);
    return home_->handle(*home_->routes()[way], request, data::within());
  }
  std::int64_t count(const char* table) {
    return data::number(*store_, std::string{"SELECT count(*) FROM "} + table);
  }

  Bank bank;
  SetClock clock;

 private:
  const std::filesystem::path path_;
  const bool lease_shared_;
  SilentLog log_;
  SilentMetrics metrics_;
  std::unique_ptr<data::SqliteStore> store_;
  std::unique_ptr<PluginHome> home_;
};

std::string codeOf(const HttpResponse& response) {
  return Json::parse(response.body).at("error").at("code");
}

bool isReplay(const HttpResponse& response) {
  return std::count(response.headers.begin(), response.headers.end(),
                    std::pair<std::string, std::string>{"Idempotent-Replayed", "true"}) == 1;
}

class RecoveryPoints : public testing::Test {
 protected:
  TemporaryFolder folder_;
  ShopProcess shop_{folder_ / "shop.db"};
};

TEST_F(RecoveryPoints, B3_ARepeatGetsTheFirstAnswerAndNothingHappensTwice) {
  const auto first = shop_.sell(Guarded);
  EXPECT_EQ(first.status, 201) << first.body;
  const auto again = shop_.sell(Guarded);
  EXPECT_TRUE(isReplay(again));
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(shop_.bank.calls, 1);
  EXPECT_EQ(shop_.count("sale"), 1);
  EXPECT_EQ(shop_.count("bulkhead_recovery"), 0) << "points go when the answer is there";
  EXPECT_EQ(shop_.sell(Guarded, "{}", "k2").status, 201);
  EXPECT_EQ(shop_.bank.charges, 2) << "another key has another token";
}

TEST_F(RecoveryPoints, B3_AnAttemptThatFailedIsGoneOnWithWhereItStopped) {
  const std::string body = R"({"then":"fail once"})";
  EXPECT_EQ(shop_.sell(Guarded, body).status, 500);
  EXPECT_EQ(shop_.count("sale"), 0);
  EXPECT_EQ(codeOf(shop_.sell(Guarded, R"({"other":1})")), "IDEMPOTENCY_KEY_REUSED");
  const auto again = shop_.sell(Guarded, body);
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_FALSE(isReplay(again));
  EXPECT_EQ(shop_.bank.calls, 1) << "its result was kept";
  EXPECT_EQ(shop_.count("sale"), 1);
}

TEST_F(RecoveryPoints, B3_ARefusalAtItsEndIsStored) {
  const std::string body = R"({"then":"refuse"})";
  EXPECT_EQ(codeOf(shop_.sell(Guarded, body)), "CARD_DECLINED");
  const auto again = shop_.sell(Guarded, body);
  EXPECT_EQ(codeOf(again), "CARD_DECLINED");
  EXPECT_TRUE(isReplay(again));
  EXPECT_EQ(Shop::runs, 1);
}

TEST_F(RecoveryPoints, B3_WhileTheFirstRunsAnEqualOneIsToldSo) {
  std::promise<void> entered;
  std::promise<void> release;
  std::atomic<bool> first{true};
  shop_.bank.on_charge = [&, released = release.get_future().share()] {
    if (!first.exchange(false)) return;
    entered.set_value();
    released.wait();
  };
  auto running = std::async(std::launch::async, [&] { return shop_.sell(Guarded); });
  entered.get_future().wait();
  const auto equal = shop_.sell(Guarded);
  EXPECT_EQ(equal.status, 409);
  EXPECT_EQ(codeOf(equal), "IDEMPOTENCY_IN_PROGRESS");
  EXPECT_EQ(std::count(equal.headers.begin(), equal.headers.end(),
                       std::pair<std::string, std::string>{"Retry-After", "1"}),
            1);
  EXPECT_EQ(codeOf(shop_.sell(Guarded, R"({"other":1})")), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(shop_.sell(Guarded, "{}", "k2").status, 201) << "another key does not wait";
  EXPECT_EQ(shop_.sell(Keyed, "{}", "k3").status, 201) << "nor does another route";
  release.set_value();
  const auto answer = running.get();
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(shop_.sell(Guarded).body, answer.body);
}

/// Two generations of a shop on one store, while one is replaced by the other. Both charge at the
/// bank of the next one.
class TwoGenerations : public testing::Test {
 protected:
  /// The old one stands in the middle of a sale until release() is called.
  void beginSale() {
    next_.bank.on_charge = [this] {
      if (!first_.exchange(false)) return;
      entered_.set_value();
      released_.get_future().wait();
    };
    running_ = std::async(std::launch::async, [this] { return old_.sell(Guarded); });
    entered_.get_future().wait();
  }
  HttpResponse endSale() {
    released_.set_value();
    return running_.get();
  }

  TemporaryFolder folder_;
  ShopProcess old_{folder_ / "shop.db", true};
  ShopProcess next_{folder_ / "shop.db", true};

 private:
  std::atomic<bool> first_{true};
  std::promise<void> entered_;
  std::promise<void> released_;
  std::future<HttpResponse> running_;
};

TEST_F(TwoGenerations, B3_WhileTheFirstRunsInTheOldOneAnEqualOneIsToldSoByTheNext) {
  beginSale();
  EXPECT_EQ(codeOf(next_.sell(Guarded)), "IDEMPOTENCY_IN_PROGRESS");
  EXPECT_EQ(codeOf(next_.sell(Guarded, R"({"other":1})")), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(next_.sell(Guarded, "{}", "k2").status, 201) << "another key does not wait";
  const auto answer = endSale();
  EXPECT_EQ(answer.status, 201) << answer.body;
  const auto again = next_.sell(Guarded);
  EXPECT_TRUE(isReplay(again));
  EXPECT_EQ(again.body, answer.body);
  EXPECT_EQ(next_.count("sale"), 2) << "one for each key";
}

TEST_F(TwoGenerations, B3_NegativeControl_WithoutTheMarkOneRequestSellsTwice) {
  beginSale();
  std::filesystem::remove(folder_ / "shop.db.claims");
  EXPECT_EQ(next_.sell(Guarded).status, 201);
  EXPECT_EQ(endSale().status, 201);
  EXPECT_EQ(next_.count("sale"), 2);
}

struct Outcome {
  int answered = 0;
  int in_progress = 0;
  std::set<std::string> bodies{};
};

Outcome sellAtOnce(ShopProcess& shop, Way way, int clients) {
  Outcome outcome;
  std::mutex mutex;
  std::vector<std::jthread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      const auto response = shop.sell(way);
      const std::lock_guard lock{mutex};
      if (response.status == 409) {
        ++outcome.in_progress;
        EXPECT_EQ(codeOf(response), "IDEMPOTENCY_IN_PROGRESS");
        return;
      }
      EXPECT_EQ(response.status, 201) << response.body;
      ++outcome.answered;
      outcome.bodies.insert(response.body);
    });
  }
  threads.clear();
  return outcome;
}

TEST_F(RecoveryPoints, B3_OfManyAtOnceOneHasAnEffectAndAllThatAreAnsweredHaveItsAnswer) {
  const Outcome outcome = sellAtOnce(shop_, Guarded, 24);
  EXPECT_GE(outcome.answered, 1);
  EXPECT_EQ(outcome.answered + outcome.in_progress, 24);
  EXPECT_EQ(outcome.bodies.size(), 1U);
  EXPECT_EQ(shop_.bank.charges, 1);
  EXPECT_EQ(shop_.count("sale"), 1);
}

TEST_F(RecoveryPoints, B3_NegativeControl_UnguardedManyAtOnceHaveAnEffectEach) {
  const Outcome outcome = sellAtOnce(shop_, Unguarded, 24);
  EXPECT_EQ(outcome.bodies.size(), 24U);
  EXPECT_EQ(shop_.bank.charges, 24);
  EXPECT_EQ(shop_.count("sale"), 24);
}

TEST_F(RecoveryPoints, B3_AnswersAndPointsAreKeptForThreeDays) {
  const std::string failing = R"({"then":"fail once"})";
  shop_.sell(Guarded, failing, "unfinished");
  shop_.sell(Guarded, "{}", "g");
  shop_.sell(Keyed, "{}", "w");
  const std::int64_t kept_us = std::chrono::microseconds{idempotency::kKept}.count();
  shop_.clock.now_us += kept_us - 1;
  EXPECT_TRUE(isReplay(shop_.sell(Guarded, "{}", "g")));
  EXPECT_TRUE(isReplay(shop_.sell(Keyed, "{}", "w")));
  EXPECT_EQ(shop_.count("bulkhead_recovery"), 2);
  shop_.clock.now_us += 1;
  EXPECT_FALSE(isReplay(shop_.sell(Guarded, R"({"new":1})", "g"))) << "a new request";
  EXPECT_FALSE(isReplay(shop_.sell(Keyed, R"({"new":1})", "w")));
  EXPECT_EQ(shop_.count("bulkhead_recovery"), 0);
  EXPECT_EQ(shop_.count("sale"), 4);
}

TEST_F(RecoveryPoints, AHandlerHasThePointsOfItsContractAndOutsideTransactions) {
  EXPECT_EQ(codeOf(shop_.sell(Guarded, R"({"then":"undeclared"})", "a")),
            "UNDECLARED_RECOVERY_POINT");
  EXPECT_EQ(codeOf(shop_.sell(Guarded, R"({"then":"nested"})", "b")), "CALL_IN_TRANSACTION");
}

TEST(RecoveryContract, NeedsAKeyAndNoTransaction) {
  const auto refused = [](const char* members) {
    const std::string contract =
        std::string{R"({"summary":"s","scope":"a:b","response":{"type":"object"},)"} + members +
        "}";
    return data::codeOf([&] { RouteContract{"POST", "/x", contract}; });
  };
  const std::string points = R"("recovery_points":["a"])";
  EXPECT_EQ(refused((points + R"(,"idempotency":"required")").c_str()), "none");
  EXPECT_EQ(refused(points.c_str()), "CONTRACT_REFUSED");
  EXPECT_EQ(refused((points + R"(,"idempotency":"optional")").c_str()), "CONTRACT_REFUSED");
  EXPECT_EQ(refused((points + R"(,"idempotency":"required","transaction":"write")").c_str()),
            "CONTRACT_REFUSED");
  EXPECT_EQ(refused(R"("idempotency":"required","recovery_points":["a","a"])"), "CONTRACT_REFUSED");
  EXPECT_EQ(refused(R"("idempotency":"required","recovery_points":[""])"), "CONTRACT_REFUSED");
}

struct Effects {
  int points = 0;       ///< at which the disk was cut off
  int charges_max = 0;  ///< for one request that was sent until it was answered
  std::int64_t sales_max = 0;
  int lost = 0;  ///< answered, and not there afterwards, or answered in another way
};

/// Sends one request and cuts the power at its `n`-th change of the disk, for each n; then sends it
/// again, as a client does that got no answer, or lost it.
Effects cutAtEachStep(Way way) {
  Effects effects;
  for (int change = 1;; ++change) {
    data::ForgetfulDisk disk{static_cast<std::uint64_t>(change)};
    const TemporaryFolder folder;
    ShopProcess shop{folder / "shop.db"};
    disk.failAt(change);
    const auto first = shop.sell(way);
    const bool cut = disk.hasFailed();
    disk.fail();
    shop.end();
    disk.powerOn();
    shop.begin();
    const auto again = shop.sell(way);
    EXPECT_EQ(again.status, 201) << again.body;
    const bool same = again.body == first.body && isReplay(again);
    if (first.status == 201 && !same) ++effects.lost;
    effects.charges_max = std::max(effects.charges_max, shop.bank.charges);
    effects.sales_max = std::max(effects.sales_max, shop.count("sale"));
    shop.end();
    effects.points = change;
    if (!cut) return effects;
  }
}

TEST(CrashAtEachStep, B3_AKeyedRequestHasOneEffect) {
  const Effects effects = cutAtEachStep(Keyed);
  EXPECT_GE(effects.points, 3);
  EXPECT_EQ(effects.sales_max, 1);
  EXPECT_EQ(effects.lost, 0);
}

TEST(CrashAtEachStep, B3_NegativeControl_WithoutAKeyItHasTwo) {
  EXPECT_EQ(cutAtEachStep(Unkeyed).sales_max, 2);
}

TEST(CrashAtEachStep, B3_AKeyedRequestThatCallsOutHasOneEffectHereAndOutside) {
  const Effects effects = cutAtEachStep(Guarded);
  EXPECT_GE(effects.points, 8) << "begun, charged, sold and answered are a commit each";
  EXPECT_EQ(effects.charges_max, 1);
  EXPECT_EQ(effects.sales_max, 1);
  EXPECT_EQ(effects.lost, 0);
}

TEST(CrashAtEachStep, B3_NegativeControl_UnguardedItHasTwoHereAndOutside) {
  const Effects effects = cutAtEachStep(Unguarded);
  EXPECT_EQ(effects.charges_max, 2);
  EXPECT_EQ(effects.sales_max, 2);
}

}  // namespace
}  // namespace bulkhead::host
