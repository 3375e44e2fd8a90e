#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <bulkhead/waist.hpp>

#include "host/plugins/idle_home.hpp"
#include "plugins/compartment.hpp"
#include "runtime/lane.hpp"

namespace bulkhead::host {
namespace {

constexpr int kRounds = 7;
constexpr std::size_t kCalls = 20'000;
constexpr std::size_t kQueue = 1'000;
constexpr double kBarNs = 100;

/// What an SDK's plugin does of itself: it has a fence, too.
bulkhead_status doNothing(void*, const bulkhead_request* request, bulkhead_transaction*,
                          const bulkhead_response*, const bulkhead_error_sink* error) noexcept {
  return waist::guarded(error, [&] {
    if (request == nullptr) throw Error::app("NO_REQUEST", "There is no request.");
  });
}

/// A home that calls the plugin on the caller's thread, within the fence that a call has.
class StraightHome final : public IdleHome {
 public:
  StraightHome()
      : IdleHome{{std::make_shared<const RegisteredRoute>(
            RegisteredRoute{0, "/api/idle/v1/x", RouteContract{"GET", "/x", kContract}})}} {}
  bool submit(const std::shared_ptr<HomeCall>&) override {
    waist::ErrorCatcher caught;
    caught.check(handle_(nullptr, &request_, nullptr, nullptr, caught.sink()));
    ++calls_;
    return true;
  }

  std::size_t calls() const { return calls_; }

 private:
  static constexpr std::string_view kContract =
      R"({"summary":"S.","access":"public","response":{"type":"object"}})";

  decltype(bulkhead_plugin::handle) volatile handle_ = &doNothing;  // not to be seen through
  bulkhead_request request_{};
  std::size_t calls_ = 0;
};

class Call final : public HomeCall {
 public:
  using HomeCall::HomeCall;
  HttpRequest& request() noexcept override { return request_; }
  bool isAnswered() const noexcept override { return false; }
  bool respond(HttpResponse) override { return true; }
  bool refuse(const Error&) override { return true; }
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return 0; }
  bool hold(std::size_t) override { return true; }
  void watch(std::unique_ptr<AnswerWatcher>) override {}

 private:
  HttpRequest request_;
};

std::chrono::duration<double, std::nano> since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::steady_clock::now() - begin;
}

/// From the compartment's generation to the plugin's function and back.
double fence(Compartment& compartment, const std::shared_ptr<HomeCall>& call) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kCalls; ++i) compartment.submit(call);
  return since(begin).count() / static_cast<double>(kCalls);
}

/// Into the lane, which counts what runs, and out of it: each side on its own, so that neither
/// waits for the other. No more waits at once than in a queue of the usual length.
double laneOnce(Lane& lane) {
  std::promise<void> go;
  std::promise<double> taken_ns;
  std::chrono::steady_clock::time_point begun;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  lane.submit(
      [&](bool) {
        go.get_future().wait();
        begun = std::chrono::steady_clock::now();
      },
      deadline);
  const auto task = [](bool) {};
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kQueue; ++i) lane.submit(task, deadline);
  const double put_ns = since(begin).count();
  lane.submit([&](bool) { taken_ns.set_value(since(begun).count()); }, deadline);
  go.set_value();
  return put_ns + taken_ns.get_future().get();
}

double lane() {
  Lane lane{"bench", {1, 2 * kQueue}};  // the one before may still be ending
  double all_ns = 0;
  for (std::size_t i = 0; i < kCalls / kQueue; ++i) all_ns += laneOnce(lane);
  return all_ns / static_cast<double>(kCalls);
}

int run() {
  Compartment compartment{{"idle", false}};
  const auto home = std::make_shared<StraightHome>();
  compartment.create(home);
  compartment.start();
  const auto call = std::make_shared<Call>(home->routes().front(), HomeCall::Time::max());
  std::vector<double> fences;
  std::vector<double> lanes;
  for (int round = 0; round < kRounds; ++round) {
    fences.push_back(fence(compartment, call));
    lanes.push_back(lane());
  }
  if (home->calls() != kRounds * kCalls) return 1;  // they went somewhere else
  const double fence_ns = *std::min_element(fences.begin(), fences.end());
  const double lane_ns = *std::min_element(lanes.begin(), lanes.end());
  fmt::print("in-process dispatch, best of {}: generation and fence {:.0f} ns, lane {:.0f} ns\n",
             kRounds, fence_ns, lane_ns);
  fmt::print("RESULT worker_dispatch_inprocess {:.0f} ns {} lower\n", fence_ns + lane_ns, kBarNs);
  compartment.close(std::chrono::seconds{1});
  return 0;
}

}  // namespace
}  // namespace bulkhead::host

int main() {
  return bulkhead::host::run();
}
