#include "plugins/compartment.hpp"

#include <atomic>
#include <fmt/format.h>
#include <future>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "host/runtime/silent_sinks.hpp"
#include "plugins/in_process_home.hpp"
#include "plugins/worker_capabilities.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

/// Its health check stays inside until the test lets it go.
class Patient final : public Plugin {
 public:
  explicit Patient(Registrar& registrar) {
    registrar.health("pulse", [](const Context&) {
      inside = true;
      released.wait(false);
      inside = false;
      return Health{};
    });
  }
  ~Patient() override {
    ++destroyed;
    destroyed_with_a_check_inside = destroyed_with_a_check_inside || inside;
  }

  static void release() {
    released = true;
    released.notify_all();
  }

  static std::atomic<bool> inside;
  static std::atomic<bool> released;
  static std::atomic<int> destroyed;
  static std::atomic<bool> destroyed_with_a_check_inside;
};

std::atomic<bool> Patient::inside;
std::atomic<bool> Patient::released;
std::atomic<int> Patient::destroyed;
std::atomic<bool> Patient::destroyed_with_a_check_inside;

class CompartmentTest : public ::testing::Test {
 protected:
  CompartmentTest() {
    Patient::inside = Patient::released = Patient::destroyed_with_a_check_inside = false;
    Patient::destroyed = 0;
    HomeOptions options;
    options.plugin = "patient";
    auto plugin =
        std::make_unique<PluginHome>(bulkhead::detail::Door<Patient>::table(), std::move(options),
                                     HomeServices{clock_, log_, metrics_, nullptr});
    EXPECT_TRUE(compartment_.create(std::make_shared<InProcessHome>(
        std::move(plugin), InProcessHome::Foundation{}, HomeLimits{}, BodyWork{})));
    EXPECT_TRUE(compartment_.start());
  }

  ~CompartmentTest() override {
    Patient::release();
    if (check_.joinable()) check_.join();
  }

  /// Runs the health check on a thread of its own, and returns when it is inside the plugin.
  void beginCheck() {
    check_ = std::thread{[home = compartment_.home()] {
      home->checkHealth(home->contributors()[0], std::chrono::steady_clock::now());
    }};
    while (!Patient::inside) std::this_thread::yield();
  }

  SystemClock clock_;
  SilentLog log_;
  SilentMetrics metrics_;
  Compartment compartment_{Compartment::Options{.id = "patient",
                                                .start_timeout = std::chrono::seconds{10},
                                                .deadline = std::chrono::seconds{30}}};
  std::thread check_;
};

TEST_F(CompartmentTest, APluginWithACheckInsideIsLeftBehindAndNeverDestroyed) {
  beginCheck();
  EXPECT_FALSE(compartment_.close(milliseconds{50}));
  EXPECT_TRUE(Patient::inside);
  EXPECT_EQ(compartment_.status().state, PluginState::Stopped);
  EXPECT_FALSE(compartment_.status().reason.empty());
  Patient::release();
  check_.join();
  EXPECT_EQ(Patient::destroyed, 0);
}

TEST_F(CompartmentTest, ACheckThatReturnsInTimeIsWaitedFor) {
  beginCheck();
  auto closed =
      std::async(std::launch::async, [&] { return compartment_.close(milliseconds{5000}); });
  while (compartment_.home() != nullptr) std::this_thread::yield();
  Patient::release();
  EXPECT_TRUE(closed.get());
  EXPECT_EQ(Patient::destroyed, 1);
  EXPECT_FALSE(Patient::destroyed_with_a_check_inside);
}

TEST_F(CompartmentTest, ClosedItGivesNobodyItsHome) {
  EXPECT_NE(compartment_.home(), nullptr);
  EXPECT_TRUE(compartment_.close(milliseconds{5000}));
  EXPECT_EQ(compartment_.home(), nullptr);
  EXPECT_EQ(Patient::destroyed, 1);
}

/// Its one route stays inside until the test lets it go, when it is asked to.
class Slow final : public Plugin {
 public:
  explicit Slow(Registrar& registrar) {
    registrar.route({.method = "POST",
                     .path = "/work",
                     .scope = "slow:write",
                     .summary = "Works",
                     .request = R"({"type":"object"})",
                     .response = R"({"type":"object"})"},
                    [](const Request& request) {
                      if (request.body() == kHang) Patient::released.wait(false);
                      return Response::json([](JsonWriter& out) { out.object("done", true); });
                    });
  }
  static constexpr std::string_view kHang = R"({"hang":true})";
};

class Call final : public HomeCall {
 public:
  Call(std::shared_ptr<const RegisteredRoute> route, std::string_view body,
       std::chrono::milliseconds within = std::chrono::minutes{1})
      : HomeCall{std::move(route), std::chrono::steady_clock::now() + within} {
    request_.method = "POST";
    request_.body = body;
    request_.headers.emplace_back("content-type", "application/json");
  }
  void watch(std::unique_ptr<AnswerWatcher>) override {}
  HttpRequest& request() noexcept override { return request_; }
  bool isAnswered() const noexcept override { return status != 0; }
  bool respond(HttpResponse response) override {
    status = response.status;
    return true;
  }
  bool refuse(const Error&) override {
    status = 503;
    return true;
  }
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return 0; }
  bool hold(std::size_t) override { return true; }

  std::atomic<int> status{0};

 private:
  HttpRequest request_;
};

HttpResponse asItIs(const HttpRequest&, HttpResponse response) {
  return response;
}

std::shared_ptr<Home> slowHome(Clock& clock, LogSink& log, MetricSink& metrics) {
  HomeOptions options;
  options.plugin = "slow";
  auto plugin =
      std::make_unique<PluginHome>(bulkhead::detail::Door<Slow>::table(), std::move(options),
                                   HomeServices{clock, log, metrics, nullptr});
  HomeLimits limits;
  limits.lane.threads = 1;
  return std::make_shared<InProcessHome>(std::move(plugin), InProcessHome::Foundation{}, limits,
                                         BodyWork{[](HomeCall&) {}, asItIs});
}

// Goal: calls that a generation in this process has not begun do not share the fate of those that
// hang in it. Method: its one thread hangs, three wait behind it, another generation comes.
TEST(InProcessSuccession, WhatTheOldGenerationHadNotBegunIsAnsweredByTheNewOne) {
  Patient::released = false;
  SystemClock clock;
  SilentLog log;
  SilentMetrics metrics;
  Compartment compartment{Compartment::Options{.id = "slow"}};
  ASSERT_TRUE(compartment.create(slowHome(clock, log, metrics)));
  ASSERT_TRUE(compartment.start());
  const auto route = compartment.home()->routes().at(0);
  const auto hung = std::make_shared<Call>(route, Slow::kHang);
  ASSERT_TRUE(compartment.submit(hung));
  while (compartment.status().load.lane.running == 0) std::this_thread::yield();
  std::vector<std::shared_ptr<Call>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(std::make_shared<Call>(route, "{}"));
    ASSERT_TRUE(compartment.submit(waiting.back()));
  }
  SuccessionOrder order;
  order.home = slowHome(clock, log, metrics);
  order.patience = milliseconds{20};
  const auto report = compartment.succeed(order);
  EXPECT_TRUE(report.succeeded) << report.problem;
  EXPECT_EQ(report.aborted, 1U);
  EXPECT_EQ(report.passed_on, 3U);
  EXPECT_TRUE(compartment.close(std::chrono::seconds{5})) << "the new one has nothing left to do";
  for (const auto& call : waiting) EXPECT_EQ(call->status, 200);
  EXPECT_EQ(hung->status, 0);
  Patient::release();
  while (hung->status == 0) std::this_thread::yield();
}

/// An entry of Slow's that no URL leads to, to the same handler as its route.
std::shared_ptr<const RegisteredRoute> entryOf(EntryKind kind) {
  return std::make_shared<const RegisteredRoute>(kind == EntryKind::Event
                                                     ? messageHandler(0, "work/1", "work", {})
                                                     : insideEntry(kind, 0, "work/1", "work", {}));
}

// Goal: asks and events are answered whatever hangs in the pool of requests. Method: its one thread
// hangs; of each kind one comes. Control: a call goes through that pool, and is not answered.
TEST(InProcessHomeLanes, AsksAndEventsHaveThreadsOfTheirOwn) {
  Patient::released = false;
  SystemClock clock;
  SilentLog log;
  SilentMetrics metrics;
  const auto home = slowHome(clock, log, metrics);
  home->create();
  home->start();
  const auto hung = std::make_shared<Call>(home->routes().at(0), Slow::kHang);
  ASSERT_TRUE(home->submit(hung));
  while (home->load().lane.running == 0) std::this_thread::yield();
  const auto call = std::make_shared<Call>(entryOf(EntryKind::Call), "{}");
  ASSERT_TRUE(home->submit(call));
  for (const EntryKind kind : {EntryKind::Ask, EntryKind::Event}) {
    const auto aside = std::make_shared<Call>(entryOf(kind), "{}");
    ASSERT_TRUE(home->submit(aside));
    while (aside->status == 0) std::this_thread::yield();
    EXPECT_EQ(aside->status == 200, kind == EntryKind::Ask) << "messages want a store";
  }
  EXPECT_EQ(call->status, 0) << "the control";
  EXPECT_EQ(home->load().lane.queued, 1U);
  Patient::release();
  while (call->status == 0) std::this_thread::yield();
  EXPECT_TRUE(home->drain(std::chrono::steady_clock::now() + std::chrono::seconds{5}));
  home->stop();
}

// Goal: asks that hang are seen from outside, in both lives, while requests are answered.
TEST(InProcessHomeLanes, AsksThatHangAreShown) {
  Patient::released = false;
  SystemClock clock;
  SilentLog log;
  SilentMetrics metrics;
  Compartment compartment{Compartment::Options{.id = "slow"}};
  ASSERT_TRUE(compartment.create(slowHome(clock, log, metrics)));
  ASSERT_TRUE(compartment.start());
  std::vector<std::shared_ptr<Call>> asks;
  for (std::size_t i = 0; i < HomeLimits{}.asides.threads; ++i) {
    EXPECT_EQ(compartment.status().impairment, "");
    asks.push_back(
        std::make_shared<Call>(entryOf(EntryKind::Ask), Slow::kHang, milliseconds{1000}));
    ASSERT_TRUE(compartment.home()->submit(asks.back()));
  }
  while (compartment.status().load.asides.stuck < asks.size()) std::this_thread::yield();
  const PluginStatus status = compartment.status();
  EXPECT_EQ(status.state, PluginState::Running);
  EXPECT_EQ(status.impairment, "asks_hung");
  EXPECT_NE(status.reason.find("asks and events"), std::string::npos);
  const auto request = std::make_shared<Call>(compartment.home()->routes().at(0), "{}");
  ASSERT_TRUE(compartment.submit(request));
  while (request->status == 0) std::this_thread::yield();
  Patient::release();
  while (!compartment.status().impairment.empty()) std::this_thread::yield();
  EXPECT_TRUE(compartment.close(std::chrono::seconds{5}));
}

TEST(HeldCallsLanes, AsksThatHangAreShown) {
  HomeLimits limits;
  limits.asides = {.threads = 1, .queue = 1};
  HeldCalls held{64, limits};
  BlackBox box = BlackBox::make(64);
  const auto ask =
      held.add(std::make_shared<Call>(entryOf(EntryKind::Ask), "{}", milliseconds{-1}));
  ASSERT_TRUE(ask);
  EXPECT_FALSE(held.load(box).asides_hung) << "it was not begun";
  box.begin(ask.slot, ask.id, "ASK", "work", "r1");
  EXPECT_TRUE(held.load(box).asides_hung);
  EXPECT_FALSE(held.load(box).hung);
}

// The same of those that are with a worker: as many requests as there may be take no place of
// theirs, and are not hung because of them.
TEST(HeldCallsLanes, AsksAndEventsHavePlacesOfTheirOwn) {
  HomeLimits limits;
  limits.lane = {.threads = 1, .queue = 1};
  limits.asides = {.threads = 1, .queue = 0};
  HeldCalls held{64, limits};
  const auto add = [&](EntryKind kind) {
    return held.add(std::make_shared<Call>(entryOf(kind), "{}"));
  };
  EXPECT_TRUE(add(EntryKind::Call));
  EXPECT_TRUE(add(EntryKind::Call));
  EXPECT_FALSE(add(EntryKind::Call));
  const auto ask = add(EntryKind::Ask);
  EXPECT_TRUE(ask);
  EXPECT_FALSE(add(EntryKind::Event)) << "they share theirs";
  EXPECT_TRUE(held.remove(ask.id));
  EXPECT_TRUE(add(EntryKind::Event));
  EXPECT_EQ(held.load(BlackBox::make(64)).asides.queued, 1U);
  EXPECT_EQ(held.takeAll().size(), 3U);
  EXPECT_TRUE(held.awaitNone(std::chrono::steady_clock::now()));
}

// Goal: for whom a worker asks, and how deep, is no word of its own. Method: an ask that names a
// call which the host has given to it. Control: one that names none.
TEST(WorkersAsk, IsMadeForTheCallThatTheHostKnows) {
  HeldCalls held{64, HomeLimits{}};
  const auto call = std::make_shared<Call>(entryOf(EntryKind::Call), "{}");
  call->request().principal.tenant = "t1";
  call->request().principal.key_id = "k1";
  call->request().request_id = "r1";
  call->request().call_depth = 2;
  const std::uint64_t id = held.add(call).id;
  const auto asked = [&](std::uint64_t made_for) {
    HostAsk ask;
    ask.head = "loans/1\nlend";
    ask.call = made_for;
    std::string frame;
    writeHostAsk(frame, 1, ask);
    const HostAsk crossed = readHostAsk(std::string_view{frame}.substr(Frame::kHeadBytes));
    const CapabilityCall made =
        capabilityCallIn(crossed, held.find(crossed.call).call.get(), "borrower", {});
    return fmt::format("{} {} {} {}", made.trace.tenant, made.trace.key_id, made.trace.request_id,
                       made.depth);
  };
  EXPECT_EQ(asked(id), "t1 k1 r1 3");
  EXPECT_EQ(asked(0), "   1");
  EXPECT_EQ(asked(id + 1), "   1") << "an id that it does not have";
  held.remove(id);
  EXPECT_EQ(asked(id), "   1") << "nor any more";
}

}  // namespace
}  // namespace bulkhead::host
