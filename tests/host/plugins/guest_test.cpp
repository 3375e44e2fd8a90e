// Event loops of the real front that read the link of a real worker: as its guests, step by step,
// and what becomes of its answers when they are no longer.
#include <atomic>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "host/http/front_fixture.hpp"
#include "host/plugins/built_files.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "http/chunked_decoder.hpp"
#include "plugins/worker_home.hpp"
#include "runtime/readable.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::seconds;
using test::Answer;
using test::get;
using test::RawClient;
using Route = std::shared_ptr<const RegisteredRoute>;
using Time = HomeCall::Time;

Time inAMinute() {
  return std::chrono::steady_clock::now() + std::chrono::minutes{1};
}

/// Who answered how many of them.
struct Answerers {
  std::atomic<int> loops{0};
  std::atomic<int> others{0};

  void count() { ++(ReadableWatch::ofThisThread() ? loops : others); }
};

/// A request of a client of the front.
class ClientsCall final : public HomeCall {
 public:
  ClientsCall(Route route, std::shared_ptr<Exchange> exchange, Answerers& answerers)
      : HomeCall{std::move(route), inAMinute()},
        exchange_{std::move(exchange)},
        answerers_{answerers} {}

  void watch(std::unique_ptr<AnswerWatcher> watcher) override {
    exchange_->watch(std::move(watcher));
  }
  HttpRequest& request() noexcept override { return exchange_->request(); }
  bool isAnswered() const noexcept override { return exchange_->answered(); }
  bool respond(HttpResponse response) override {
    answerers_.count();
    return exchange_->respond(std::move(response));
  }
  bool refuse(const Error& error) override { return exchange_->refuse(error); }
  std::shared_ptr<ByteStream> openStream() override { return exchange_->openStream(); }
  std::size_t heldBytes() const noexcept override { return exchange_->heldBytes(); }
  bool hold(std::size_t bytes) override { return exchange_->hold(bytes); }

 private:
  const std::shared_ptr<Exchange> exchange_;
  Answerers& answerers_;
};

/// One of nobody's, for a thread that waits.
class OwnCall final : public HomeCall {
 public:
  explicit OwnCall(Route route, Fields path_parameters = {{"name", "Ann"}})
      : HomeCall{std::move(route), inAMinute()} {
    request_.method = "GET";
    request_.path_parameters = std::move(path_parameters);
  }

  void watch(std::unique_ptr<AnswerWatcher>) override {}
  HttpRequest& request() noexcept override { return request_; }
  bool isAnswered() const noexcept override { return answered_; }
  bool respond(HttpResponse response) override {
    if (!answered_.exchange(true)) status_.set_value(response.status);
    return true;
  }
  bool refuse(const Error&) override { return respond({}); }
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return 0; }
  bool hold(std::size_t) override { return true; }

  /// 0 when there is none in time.
  int awaitStatus() {
    auto status = status_.get_future();
    return status.wait_for(seconds{20}) == std::future_status::ready ? status.get() : 0;
  }

 private:
  HttpRequest request_;
  std::atomic<bool> answered_{false};
  std::promise<int> status_;
};

/// Whose process is a worker as the host has them.
class Worker {
 public:
  Worker(std::string id, const std::filesystem::path& library)
      : home_{orderOf(std::move(id), library),
              {program_, log_, metrics_, {}, [](const WorkerEnd&) {}}} {
    home_.create();
    home_.start();
  }
  ~Worker() {
    home_.drain(std::chrono::steady_clock::now() + seconds{1});
    home_.stop();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  WorkerHome& home() { return home_; }
  Route routeTo(std::string_view end) const {
    for (const auto& route : home_.routes()) {
      if (route->path.ends_with(end)) return route;
    }
    return nullptr;
  }
  /// Submits it on this thread, which is no loop's; its status.
  int ask(const Route& route) {
    const auto call = std::make_shared<OwnCall>(route);
    return home_.submit(call) ? call->awaitStatus() : -1;
  }

 private:
  static WorkerOrder orderOf(std::string id, const std::filesystem::path& library) {
    WorkerOrder order;
    order.plugin = std::move(id);
    order.version = "1.0.0";
    order.library = library;
    order.settings["max_length"] = std::int64_t{64};  // the greeter's
    order.settings["token"] = std::monostate{};       // the assailant's, as the next one
    order.settings["large"] = std::int64_t{0};
    return order;
  }

  const WorkerProgram program_ = WorkerProgram::own();
  SilentLog log_;
  SilentMetrics metrics_;
  WorkerHome home_;
};

class Guest : public test::FrontTest {
 protected:
  static constexpr int kRequests = 200;

  void TearDown() override { stopFront(); }

  /// A front whose loops submit what comes to a route of the worker.
  void serveGreetings(unsigned loops) {
    FrontOptions options;
    options.loops = loops;
    options.on_step = [this](const LoopStep& step) {
      ++steps_;
      if (step.waits > 0) ++waiting_steps_;
    };
    const Route route = worker_.routeTo("/hello/{name}");
    ASSERT_NE(route, nullptr);
    start(std::move(options), [this, route](const std::shared_ptr<Exchange>& exchange) {
      exchange->request().path_parameters = {{"name", "Ann"}};
      const auto call = std::make_shared<ClientsCall>(route, exchange, answerers_);
      if (!worker_.home().submit(call)) exchange->refuse(Error::app("FULL", "It is full."));
    });
  }
  /// How many of so many, one after the other, were greeted.
  int askInTurn(int count) {
    int greeted = 0;
    RawClient one = client();
    for (int i = 0; i < count; ++i) {
      one.send(get("/"));
      const Answer answer = one.read().value_or(Answer{});
      greeted += answer.status == 200 && answer.body.find("Ann") != std::string::npos ? 1 : 0;
    }
    return greeted;
  }

  Worker worker_{"greeter", test::greeter()};
  Answerers answerers_;
  std::atomic<int> steps_{0};
  std::atomic<int> waiting_steps_{0};
};

TEST_F(Guest, TheLoopThatAsksAWorkerReadsItsAnswersAndNoStepWaits) {
  serveGreetings(1);
  EXPECT_EQ(askInTurn(kRequests), kRequests);
  EXPECT_GE(answerers_.loops, kRequests * 9 / 10) << "a thread had the rest";
  EXPECT_LE(waiting_steps_, steps_ / 20) << "of " << steps_;
}

// The control: who is no loop has its answers from the link's own thread.
TEST_F(Guest, OffLoopsTheLinksThreadReads) {
  const Route route = worker_.routeTo("/hello/{name}");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(worker_.ask(route), 200);
  EXPECT_EQ(answerers_.loops, 0);
}

// Goal: loops come and go as those that read, and nothing is lost. Method: threads that are no
// loops ask without a pause while fronts begin to read for them, and end.
TEST_F(Guest, ALoopThatEndsLosesNothing) {
  const Route route = worker_.routeTo("/hello/{name}");
  std::atomic<bool> over{false};
  std::atomic<int> lost{0};
  std::atomic<int> answered{0};
  const auto ask = [&] {
    while (!over) ++(worker_.ask(route) == 200 ? answered : lost);
  };
  std::vector<std::thread> askers(3);
  for (auto& asker : askers) asker = std::thread{ask};
  for (int round = 0; round < 10; ++round) {
    serveGreetings(2);
    EXPECT_EQ(askInTurn(10), 10);
    stopFront();
    const int before = answered;
    EXPECT_TRUE(test::eventually([&] { return answered > before + 10; })) << "in round " << round;
  }
  over = true;
  for (auto& asker : askers) asker.join();
  EXPECT_EQ(lost, 0);
}

/// What this thread sends within it goes in one write, as in a round of a loop.
class Round final : public ReadableWatch {
 public:
  static std::shared_ptr<Round> begin() {
    auto round = std::make_shared<Round>();
    setOfThisThread(round);
    return round;
  }
  void end() {
    setOfThisThread(nullptr);
    for (const auto& readable : promised_) readable->onRoundEnd();
  }
  bool watch(int, const std::shared_ptr<Readable>&) noexcept override { return false; }
  void unwatch(int) noexcept override {}
  bool promiseRoundEnd(const std::shared_ptr<Readable>& readable) noexcept override {
    promised_.push_back(readable);
    return true;
  }

 private:
  std::vector<std::shared_ptr<Readable>> promised_;
};

// Goal: calls that a worker reads together do not wait for a slow one of them, although the thread
// that read them does it, and wakes nobody at first. Method: the first dozes for 1.5 s.
TEST(GuestOfALane, WhoCameTogetherWithASlowOneIsNotHeldUp) {
  Worker worker{"assailant", test::hostile("assailant")};
  const Route route = worker.routeTo("/deeds/{deed}");
  const auto callOf = [&](std::string deed) {
    return std::make_shared<OwnCall>(route, Fields{{"deed", std::move(deed)}});
  };
  const auto submitted = [&](const std::string& deed, std::size_t count) {
    std::vector<std::shared_ptr<OwnCall>> calls;
    while (calls.size() < count)
      EXPECT_TRUE(worker.home().submit(calls.emplace_back(callOf(deed))));
    return calls;
  };
  for (const auto& call : submitted("doze", HomeLimits{}.lane.threads))
    EXPECT_EQ(call->awaitStatus(), 200) << "from here on its threads are there, and sleep";
  const auto round = Round::begin();
  const auto slow = submitted("doze", 1).front();
  const auto others = submitted("none", 5);
  round->end();
  for (const auto& other : others) EXPECT_EQ(other->awaitStatus(), 200);
  EXPECT_FALSE(slow->isAnswered());
  EXPECT_EQ(slow->awaitStatus(), 200);
}

/// A worker that has routes which stream, and one that does not.
class StreamingGuest : public test::FrontTest {
 protected:
  static constexpr std::size_t kBytes = 3'000'000;

  void TearDown() override { stopFront(); }

  void serve() {
    FrontOptions options;
    options.loops = 1;
    start(std::move(options), [this](const std::shared_ptr<Exchange>& exchange) {
      const bool streams = exchange->request().path == "/pattern";
      if (streams) exchange->request().query = {{"bytes", std::to_string(kBytes)}};
      const Route route = worker_.routeTo(streams ? "/pattern" : "/short");
      if (!worker_.home().submit(std::make_shared<ClientsCall>(route, exchange, answerers_)))
        exchange->refuse(Error::app("FULL", "It is full."));
    });
  }
  int askInTurn(int count) {
    int answered = 0;
    RawClient one = client();
    for (int i = 0; i < count; ++i) {
      one.send(get("/short"));
      answered += one.read().value_or(Answer{}).status == 200 ? 1 : 0;
    }
    return answered;
  }
  /// An answer up to the end of its connection, chunk by chunk.
  static bool isPattern(const std::string& answer) {
    ChunkedDecoder decoder;
    decoder.reset(2 * kBytes);
    std::string bytes;
    const auto body = std::string_view{answer}.substr(answer.find("\r\n\r\n") + 4);
    if (decoder.decode(body, bytes).status != ChunkedDecoder::Status::Done) return false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] != static_cast<char>(i % 251)) return false;
    }
    return bytes.size() == kBytes;
  }

  Worker worker_{"streamer", test::hostile("streamer")};
  Answerers answerers_;
};

TEST_F(StreamingGuest, WhatStreamsIsWholeAndTheLoopReadsAgainBehindIt) {
  serve();
  EXPECT_EQ(askInTurn(50), 50);
  for (int round = 0; round < 5; ++round) {
    RawClient streaming = client();
    streaming.send(get("/pattern", "Connection: close\r\n"));
    EXPECT_EQ(askInTurn(50), 50) << "beside it";
    EXPECT_TRUE(isPattern(streaming.readAll())) << "in round " << round;
    const int before = answerers_.loops;
    EXPECT_EQ(askInTurn(50), 50);
    EXPECT_GE(answerers_.loops, before + 45) << "in round " << round;
  }
}

}  // namespace
}  // namespace bulkhead::host
