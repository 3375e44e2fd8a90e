// Nothing that a loop does waits: each of its steps is looked at while clients do all that they
// can.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/http/front_fixture.hpp"

namespace bulkhead::host {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::eventually;
using test::FrontTest;
using test::get;
using test::post;
using test::RawClient;

/// What the steps of all loops were.
struct Steps {
  std::atomic<std::uint64_t> all{0};
  std::atomic<std::uint64_t> waiting{0};  ///< in which the loop's thread slept

  void operator()(const LoopStep& step) {
    ++all;
    if (step.waits > 0) ++waiting;
  }
};

/// How many of `steps` may wait: a lock that is held by a thread which the system has just put
/// aside is waited for, rarely. The allocator of a sanitizer sleeps on locks of its own, more
/// often.
constexpr std::uint64_t tolerated(std::uint64_t steps) {
#ifdef BULKHEAD_SANITIZED
  return steps / 10;
#else
  return steps / 100;
#endif
}

/// A thread that answers what a loop hands it.
class AnsweringLane {
 public:
  AnsweringLane() : thread_{[this] { run(); }} {}
  ~AnsweringLane() {
    {
      const std::lock_guard lock{mutex_};
      done_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  AnsweringLane(const AnsweringLane&) = delete;
  AnsweringLane& operator=(const AnsweringLane&) = delete;

  void submit(std::shared_ptr<Exchange> exchange) {
    {
      const std::lock_guard lock{mutex_};
      queue_.push_back(std::move(exchange));
    }
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock{mutex_};
    while (true) {
      changed_.wait(lock, [this] { return done_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const auto exchange = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      exchange->respond(
          HttpResponse::text(200, std::string(exchange->request().path.size() * 300, 'x'), "a/b"));
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Exchange>> queue_;
  bool done_ = false;
  std::thread thread_;
};

class LoopSteps : public FrontTest {
 protected:
  static constexpr int kRounds = 40;

  /// Everything that clients do: keep alive, pipeline, send bodies, send nonsense, half a request,
  /// come and go.
  void load() {
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) clients.emplace_back([this] { clientRounds(); });
    for (std::thread& client : clients) client.join();
  }

  std::shared_ptr<Steps> steps_ = std::make_shared<Steps>();  // loops run longer than the test body

 private:
  void clientRounds() {
    for (int round = 0; round < kRounds; ++round) {
      RawClient client = this->client();
      client.send(get("/a") + get("/lane/b") + get("/c"));
      for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.read());
      client.send(post("/lane/body", std::string(20'000, 'x')));
      EXPECT_TRUE(client.read());
      RawClient half = this->client();
      half.send("GET / HT");
      EXPECT_EQ(statusOf("NONSENSE\r\n\r\n"), 400);
    }
  }
};

TEST_F(LoopSteps, UnderLoadNoneOfThemWaits) {
  AnsweringLane lane;
  FrontOptions options{.loops = 2};
  options.on_step = [steps = steps_](const LoopStep& step) { (*steps)(step); };
  start(std::move(options), [&lane](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().path.starts_with("/lane")) {
      lane.submit(exchange);
    } else {
      exchange->respond(HttpResponse::text(200, "x", "text/plain"));
    }
  });
  load();
  stopFront();
  EXPECT_GT(steps_->all, 1000U);
  EXPECT_LE(steps_->waiting, tolerated(steps_->all)) << "of " << steps_->all;
  RecordProperty("steps", std::to_string(steps_->all));
  RecordProperty("waiting", std::to_string(steps_->waiting));
}

TEST_F(LoopSteps, NegativeControl_AHandlerThatWaitsIsSeenInItsStep) {
  FrontOptions options{.loops = 2};
  options.on_step = [steps = steps_](const LoopStep& step) { (*steps)(step); };
  start(std::move(options), [](const std::shared_ptr<Exchange>& exchange) {
    // allowed: a handler that blocks is what is tested
    std::this_thread::sleep_for(1ms);
    exchange->respond(HttpResponse::text(200, "x", "text/plain"));
  });
  constexpr std::uint64_t kRequests = 100;
  RawClient client = this->client();
  for (std::uint64_t i = 0; i < kRequests; ++i) {
    client.send(get("/x"));
    EXPECT_EQ(client.read().value_or(Answer{}).status, 200);
  }
  stopFront();
  EXPECT_GE(steps_->waiting, kRequests);
  EXPECT_GT(steps_->waiting, tolerated(steps_->all)) << "the test above would notice";
}

}  // namespace
}  // namespace bulkhead::host
