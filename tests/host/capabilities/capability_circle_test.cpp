#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "capabilities/capability_router.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "plugins/in_process_home.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

/// Provides one capability and wants the other one, of which it makes a call for each of its own.
template <char kOwn, char kOther>
class Partner final : public bulkhead::Plugin {
 public:
  explicit Partner(Registrar& registrar) : other_{registrar.capability(nameOf(kOther))} {
    registrar.provide(nameOf(kOwn), "go", [this](const Request& request) -> std::string {
      try {
        return other_.call(request.context(), "go", "{}");
      } catch (const Error& error) {
        if (error.code() != "CALL_TOO_DEEP") throw;
        return "{}";
      }
    });
  }
  static std::string nameOf(char name) { return std::string{name} + "/1"; }
  static std::string contract() {
    return R"([{"capability":")" + nameOf(kOwn) +
           R"(","summary":"Goes.","calls":{"go":{"summary":"Goes.","request":{"type":"object"},
             "response":{"type":"object"},"deadline_ms":300}}}])";
  }

 private:
  const bulkhead::Capability other_;
};

HttpResponse asItIs(const HttpRequest&, HttpResponse response) {
  return response;
}

template <char kOwn, char kOther>
std::shared_ptr<Compartment> partner(CapabilityRouter& router) {
  using Type = Partner<kOwn, kOther>;
  static SystemClock clock;
  static SilentLog log;
  static SilentMetrics metrics;
  HomeOptions options;
  options.plugin = std::string{kOwn};
  options.capabilities.provides = {Type::nameOf(kOwn)};
  options.capabilities.wants = {{Type::nameOf(kOther), false}};
  options.capabilities.contracts = Type::contract();
  HomeLimits limits;
  limits.lane = {.threads = 2, .queue = 4};
  auto plugin =
      std::make_unique<PluginHome>(bulkhead::detail::Door<Type>::table(), std::move(options),
                                   HomeServices{clock, log, metrics, nullptr, nullptr, &router});
  const auto compartment = std::make_shared<Compartment>(
      Compartment::Options{.id = std::string{kOwn}, .circuit = {.failures = 0}});
  EXPECT_TRUE(compartment->create(std::make_shared<InProcessHome>(
      std::move(plugin), InProcessHome::Foundation{}, limits, BodyWork{[](HomeCall&) {}, asItIs})));
  router.admit(compartment, *compartment->home(), [] {});
  EXPECT_TRUE(compartment->start());
  return compartment;
}

// Goal: two plugins that call each other, as optional ones may, can fill each other's threads, and
// never stay so. Method: more calls at once than both have threads, each of which leads back.
// Control: some of them did meet full pools, and one alone comes through.
TEST(CapabilityCircle, UnderLoadEachEndsWithinItsDeadline) {
  CapabilityRouter router{{}, {}};
  const auto one = partner<'a', 'b'>(router);
  const auto other = partner<'b', 'a'>(router);
  const auto call = [&](const char* capability) {
    CapabilityCall made;
    made.caller = "client";
    made.capability = capability;
    made.name = "go";
    made.request = "{}";
    made.deadline = Steady::now() + milliseconds{300};
    try {
      return router.call(made);
    } catch (const Error& error) {
      return error.code();
    }
  };
  EXPECT_EQ(call("a/1"), "{}");
  const auto begin = Steady::now();
  std::vector<std::future<std::string>> ends;
  for (int i = 0; i < 24; ++i)
    ends.push_back(std::async(std::launch::async, call, i % 2 == 0 ? "a/1" : "b/1"));
  int refused = 0;
  for (auto& end : ends) {
    const std::string text = end.get();
    if (text == "{}") continue;
    EXPECT_EQ(text, kCapabilityUnavailable);
    ++refused;
  }
  EXPECT_LT(Steady::now() - begin, milliseconds{5000});
  EXPECT_GT(refused, 0);
  std::string last;
  for (int i = 0; i < 100 && last != "{}"; ++i) last = call("b/1");
  EXPECT_EQ(last, "{}") << "and nothing of them is left";
  EXPECT_TRUE(one->close(std::chrono::seconds{5}));
  EXPECT_TRUE(other->close(std::chrono::seconds{5}));
}

}  // namespace
}  // namespace bulkhead::host
