#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "host/plugins/idle_home.hpp"
#include "plugins/compartment.hpp"

namespace bulkhead::host {

inline std::shared_ptr<const RegisteredRoute> routeTo(const std::string& path) {
  constexpr const char* kContract =
      R"({"summary":"Answers.","access":"public","response":{"type":"object"}})";
  return std::make_shared<const RegisteredRoute>(
      RegisteredRoute{0, "/api/p/v1" + path, RouteContract{"GET", path, kContract}});
}

class Call final : public HomeCall {
 public:
  explicit Call(std::shared_ptr<const RegisteredRoute> route)
      : HomeCall{std::move(route), std::chrono::steady_clock::now() + std::chrono::minutes{1}} {}

  void watch(std::unique_ptr<AnswerWatcher> watcher) override { watcher_ = std::move(watcher); }
  HttpRequest& request() noexcept override { return request_; }
  bool isAnswered() const noexcept override { return !answer_.empty(); }
  bool respond(HttpResponse response) override {
    answer_ = response.body;
    return true;
  }
  bool refuse(const Error& error) override {
    answer_ = error.code();
    return true;
  }
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return 0; }
  bool hold(std::size_t) override { return true; }

  const std::string& answer() const { return answer_; }

 private:
  HttpRequest request_;
  std::unique_ptr<AnswerWatcher> watcher_;
  std::string answer_;
};

/// Answers with its name, or holds its calls until it is told to let go.
class FakeHome final : public IdleHome {
 public:
  FakeHome(std::string name, RegisteredRoutes routes)
      : IdleHome{std::move(routes)}, name_{std::move(name)} {}

  void start() override {
    if (start_hook) start_hook();
  }
  bool drain(Time until) override {
    std::unique_lock lock{mutex_};
    closed_ = true;
    return changed_.wait_until(lock, until, [&] { return held_.empty() && waiting_.empty(); });
  }
  std::vector<std::shared_ptr<HomeCall>> takeWaiting() override {
    const std::lock_guard lock{mutex_};
    return std::exchange(waiting_, {});
  }
  void fenceStore() noexcept override { fenced = true; }
  void stop() noexcept override { stopped = true; }
  bool abandon() noexcept override {
    abandoned = true;
    return true;
  }
  bool submit(const std::shared_ptr<HomeCall>& call) override {
    if (submit_hook) std::exchange(submit_hook, nullptr)();
    const std::lock_guard lock{mutex_};
    if (closed_ || !alive) return false;
    routes_called.push_back(&call->route());
    if (holds) {
      (held_.size() < threads ? held_ : waiting_).push_back(call);
    } else {
      HttpResponse response;
      response.body = name_;
      call->respond(std::move(response));
    }
    return true;
  }
  /// Whoever retires it has counted what it holds.
  bool isDraining() const {
    const std::lock_guard lock{mutex_};
    return closed_;
  }
  void letGo() {
    const std::lock_guard lock{mutex_};
    held_.clear();
    changed_.notify_all();
  }
  HomeLoad load() const override {
    const std::lock_guard lock{mutex_};
    HomeLoad load;
    load.lane.running = held_.size();
    load.lane.queued = waiting_.size();
    load.threads = threads;
    return load;
  }
  bool isAlive() const noexcept override { return alive; }

  std::size_t threads = 8;
  std::function<void()> start_hook;
  std::function<void()> submit_hook;
  std::atomic<bool> holds{false};
  std::atomic<bool> alive{true};
  std::atomic<bool> stopped{false};
  std::atomic<bool> fenced{false};
  std::atomic<bool> abandoned{false};
  std::vector<const RegisteredRoute*> routes_called;

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<HomeCall>> held_;
  std::vector<std::shared_ptr<HomeCall>> waiting_;
  bool closed_ = false;
};

/// A plugin whose generation answers "old", and one that answers "new".
class SuccessionTest : public testing::Test {
 protected:
  SuccessionTest() {
    EXPECT_TRUE(compartment_.create(old_));
    EXPECT_TRUE(compartment_.start());
    compartment_.describe("1.0.0", "", "p.so");
  }

  SuccessionReport succeed(const std::shared_ptr<Home>& home,
                           std::function<void(Home&)> publish = nullptr) {
    SuccessionOrder order;
    order.home = home;
    order.version = "2.0.0";
    order.publish = std::move(publish);
    order.patience = patience_;
    return compartment_.succeed(order);
  }

  std::string ask(const std::shared_ptr<const RegisteredRoute>& route) {
    const auto call = std::make_shared<Call>(route);
    return compartment_.submit(call) ? call->answer() : "not taken";
  }

  const std::shared_ptr<const RegisteredRoute> same_{routeTo("/same")};
  const std::shared_ptr<const RegisteredRoute> gone_{routeTo("/gone")};
  const std::shared_ptr<const RegisteredRoute> same_again_{routeTo("/same")};
  const std::shared_ptr<const RegisteredRoute> fresh_{routeTo("/fresh")};
  const std::shared_ptr<FakeHome> old_{
      std::make_shared<FakeHome>("old", std::vector{same_, gone_})};
  const std::shared_ptr<FakeHome> new_{
      std::make_shared<FakeHome>("new", std::vector{same_again_, fresh_})};
  std::chrono::milliseconds patience_{5000};
  Compartment compartment_{Compartment::Options{.id = "p",
                                                .start_timeout = std::chrono::milliseconds{300},
                                                .deadline = std::chrono::seconds{30}}};
};

}  // namespace bulkhead::host
