#include "plugins/compartment.hpp"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <thread>

#include <bulkhead/plugin.hpp>

#include "plugins/in_process_home.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

class NoLog final : public LogSink {
 public:
  void write(std::string_view, int, std::string_view, std::string_view, const LogTrace&) override {}
};

class NoMetrics final : public MetricSink {
 public:
  std::uint32_t declare(std::string_view, const MetricDescription&) override { return 0; }
  void record(std::uint32_t, const std::vector<std::string_view>&, double) override {}
  void withdraw(std::span<const std::uint32_t>) override {}
};

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
  NoLog log_;
  NoMetrics metrics_;
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

}  // namespace
}  // namespace bulkhead::host
