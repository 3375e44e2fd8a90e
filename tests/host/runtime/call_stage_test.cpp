#include "runtime/call_stage.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "data/sqlite_store.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {
namespace {

/// Where its closures write their stages to, and on which thread they run, by their names.
class Witness final : public Plugin {
 public:
  struct Sight {
    std::atomic<CallStage>* place = nullptr;
    std::thread::id thread;
  };

  explicit Witness(Registrar& registrar) {
    registrar.route({.method = "POST",
                     .path = "/note",
                     .scope = "witness:write",
                     .summary = "Notes",
                     .request = R"({"type":"object"})",
                     .response = R"({"type":"object"})"},
                    [](const Request& request, Transaction&) {
                      if (request.body() == kFirst) {
                        inside = true;
                        released.wait(false);
                      }
                      const std::lock_guard lock{mutex};
                      sights[std::string{request.body()}] = {CallStageMark::watched(),
                                                             std::this_thread::get_id()};
                      return Response::json([](JsonWriter& out) { out.object("noted", true); });
                    });
  }

  static constexpr std::string_view kFirst = R"({"n":0})";
  static inline std::atomic<bool> inside{false};
  static inline std::atomic<bool> released{false};
  static inline std::mutex mutex;
  static inline std::map<std::string, Sight> sights;
};

class CallStagePlaces : public ::testing::Test {
 protected:
  CallStagePlaces() {
    HomeOptions options;
    options.plugin = "witness";
    home_ =
        std::make_unique<PluginHome>(bulkhead::detail::Door<Witness>::table(), std::move(options),
                                     HomeServices{clock_, log_, metrics_, store_.get()});
    home_->create();
    home_->start();
  }

  /// As a worker's thread works on a call.
  std::thread::id note(int number) {
    CallStageMark::watch(&places_.at(static_cast<std::size_t>(number)));
    HttpRequest request;
    request.method = "POST";
    request.path = request.target = home_->routes().at(0)->path;
    request.headers = {{"content-type", "application/json"}};
    request.body = R"({"n":)" + std::to_string(number) + "}";
    const auto answer = home_->handle(*home_->routes().at(0), request,
                                      std::chrono::steady_clock::now() + std::chrono::seconds{20});
    EXPECT_EQ(answer.status, 200) << answer.body;
    CallStageMark::watch(nullptr);
    return std::this_thread::get_id();
  }

  static constexpr int kCalls = 8;
  SystemClock clock_;
  SilentLog log_;
  SilentMetrics metrics_;
  std::array<std::atomic<CallStage>, kCalls> places_{};
  std::unique_ptr<data::SqliteStore> store_ =
      data::openSqliteStore({.closure_budget = std::chrono::seconds{10}});
  std::unique_ptr<PluginHome> home_;
};

// Goal: a death in a group of writes is laid at the door of the call whose closure ran, whoever ran
// it. Method: while one write is inside, others queue up, which one of them leads; each closure
// says where its stages go.
TEST_F(CallStagePlaces, AClosureThatAnotherThreadRunsIsStillItsOwnCalls) {
  std::vector<std::future<std::thread::id>> calls;
  calls.push_back(std::async(std::launch::async, [&] { return note(0); }));
  while (!Witness::inside) std::this_thread::yield();
  for (int number = 1; number < kCalls; ++number)
    calls.push_back(std::async(std::launch::async, [&, number] { return note(number); }));
  while (store_->statistics().waiting < std::uint64_t{kCalls} - 1) std::this_thread::yield();
  Witness::released = true;
  Witness::released.notify_all();
  int led_by_others = 0;
  for (int number = 0; number < kCalls; ++number) {
    const auto own = calls.at(static_cast<std::size_t>(number)).get();
    const std::lock_guard lock{Witness::mutex};
    const auto& sight = Witness::sights.at(R"({"n":)" + std::to_string(number) + "}");
    EXPECT_EQ(sight.place, &places_.at(static_cast<std::size_t>(number))) << number;
    led_by_others += sight.thread == own ? 0 : 1;
  }
  EXPECT_GT(led_by_others, 0) << "the control: one did lead the others";
}

TEST(CallStagePlaceTest, WithinAScopeStagesGoThereAndThenBack) {
  std::atomic<CallStage> own{CallStage::None};
  std::atomic<CallStage> other{CallStage::None};
  CallStageMark::watch(&own);
  {
    const CallStagePlace place{&other};
    const CallStageMark mark{CallStage::Write};
    EXPECT_EQ(other, CallStage::Write);
    EXPECT_EQ(own, CallStage::None);
  }
  EXPECT_EQ(CallStageMark::watched(), &own);
  EXPECT_EQ(other, CallStage::None);
  CallStageMark::watch(nullptr);
}

}  // namespace
}  // namespace bulkhead::host
