#include "plugins/ask_desk.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>

#include <bulkhead/error.hpp>

#include "plugins/worker_asks.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

HostAsk asking(std::string_view body, Clock::duration within = seconds{20}) {
  HostAsk ask;
  ask.deadline = Clock::now() + within;
  ask.body = body;
  return ask;
}

std::string codeOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return "none";
}

/// A worker that asks and the desk that answers, in one process.
class AskDeskTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kThreads = 4;

  AskDeskTest() {
    int both[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    host_ = std::make_shared<Link>(FileDescriptor{both[0]}, LinkEnd::Worker);
    worker_ = std::make_shared<Link>(FileDescriptor{both[1]}, LinkEnd::Host);
    asks_ = std::make_unique<WorkerAsks>(worker_);
  }
  ~AskDeskTest() override {
    release();
    host_->end();
    worker_->end();
    for (auto& reader : readers_) reader.join();
  }

  void begin(AskDesk::Work work) {
    desk_ = std::make_unique<AskDesk>("desk", host_, kThreads, std::move(work));
    readers_.emplace_back([this] {
      try {
        host_->read([this](const Frame& frame) { desk_->take(frame); });
      } catch (const LinkError&) {
        ++nonsense_;
      }
      desk_->end();
      host_->end();
    });
    readers_.emplace_back([this] {
      worker_->read([this](const Frame& frame) {
        if (frame.type == FrameType::HostFailure) ++failures_;
        asks_->take(frame);
      });
    });
  }

  /// Work that stays until it is given up or released. It may begin when the desk and the test are
  /// gone, so all of it is its own.
  struct Stay {
    HostAnswer hang(const std::stop_token& given_up) {
      ++inside;
      std::unique_lock lock{mutex};
      released.wait(lock, given_up, [this] { return release; });
      if (given_up.stop_requested()) ++were_given_up;
      --inside;
      return {};
    }

    std::atomic<int> inside{0};
    std::atomic<int> were_given_up{0};
    std::mutex mutex;
    std::condition_variable_any released;
    bool release = false;
  };
  void release() {
    const std::lock_guard lock{stay_->mutex};
    stay_->release = true;
    stay_->released.notify_all();
  }
  AskDesk::Work hanging() {
    return [stay = stay_](const HostAsk&, const std::stop_token& given_up) {
      return stay->hang(given_up);
    };
  }

  std::string frameOf(FrameType type, std::uint64_t id,
                      Clock::duration within = seconds{20}) const {
    std::string frame;
    if (type == FrameType::HostAsk) {
      writeHostAsk(frame, id, asking("x", within));
    } else {
      FrameWriter{frame, type, id}.finish();
    }
    return frame;
  }

  template <class Condition>
  static bool await(const Condition& condition) {
    const auto until = Clock::now() + seconds{20};
    while (!condition() && Clock::now() < until) {
      // allowed: whoever only yields takes the processor from the threads that it waits for
      std::this_thread::sleep_for(milliseconds{1});
    }
    return condition();
  }

  const std::shared_ptr<Stay> stay_ = std::make_shared<Stay>();
  const std::atomic<int>& inside_ = stay_->inside;
  const std::atomic<int>& given_up_ = stay_->were_given_up;
  std::shared_ptr<Link> host_;
  std::shared_ptr<Link> worker_;
  std::unique_ptr<WorkerAsks> asks_;
  std::unique_ptr<AskDesk> desk_;
  std::vector<std::thread> readers_;
  std::atomic<int> nonsense_{0};
  std::atomic<int> failures_{0};
};

TEST_F(AskDeskTest, WhatIsAskedCrossesWhole) {
  std::string seen;
  begin([&](const HostAsk& ask, const std::stop_token&) {
    seen = std::string{ask.head} + "|" + std::to_string(ask.call);
    return HostAnswer{"head", std::string{ask.body} + "!"};
  });
  HostAsk ask = asking("body");
  ask.head = "names";
  ask.call = 3'000'000'000'000;
  const HostAnswer answer = asks_->ask(ask);
  EXPECT_EQ(seen, "names|3000000000000");
  EXPECT_EQ(answer.head, "head");
  EXPECT_EQ(answer.body, "body!");
}

TEST_F(AskDeskTest, SeveralMegabytesCrossBothWays) {
  begin([](const HostAsk& ask, const std::stop_token&) {
    return HostAnswer{{}, std::string{ask.body.rbegin(), ask.body.rend()}};
  });
  const std::string body = "first" + std::string(9U << 20U, 'x') + "last";
  EXPECT_EQ(asks_->ask(asking(body)).body, std::string(body.rbegin(), body.rend()));
  const std::string too_long(Frame::kPayloadBytesMax, 'x');
  EXPECT_EQ(codeOf([&] { asks_->ask(asking(too_long)); }), "PAYLOAD_TOO_LARGE");
  EXPECT_EQ(asks_->ask(asking("ab")).body, "ba") << "and the link goes on";
}

TEST_F(AskDeskTest, ARefusalKeepsEverything) {
  begin([](const HostAsk&, const std::stop_token&) -> HostAnswer {
    throw Error::conflict("SLOT_TAKEN", "Taken.").withDetails(R"({"a":1})").withRetryAfter(3);
  });
  try {
    asks_->ask(asking("x"));
    FAIL() << "it was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Conflict);
    EXPECT_EQ(error.code(), "SLOT_TAKEN");
    EXPECT_EQ(error.details(), R"({"a":1})");
    EXPECT_EQ(error.retryAfterSeconds(), 3);
  }
}

// The reader never works on an ask itself: while as many hang as there are threads, it still brings
// what comes, and those that wait are answered in the end.
TEST_F(AskDeskTest, TheReaderGoesOnWhileAsksHang) {
  begin(hanging());
  std::vector<std::future<HostAnswer>> answers;
  for (std::size_t i = 0; i < kThreads + 3; ++i) {
    answers.push_back(std::async(std::launch::async, [this] { return asks_->ask(asking("x")); }));
  }
  ASSERT_TRUE(await([&] { return inside_ == static_cast<int>(kThreads); }));
  worker_->send(frameOf(FrameType::HostAskGivenUp, 4711));  // of nobody: taken and dropped
  release();
  for (auto& answer : answers) EXPECT_EQ(answer.get().body, "");
  EXPECT_EQ(nonsense_, 0);
}

TEST_F(AskDeskTest, WhoWaitsNoLongerGivesUpTheWorkToo) {
  begin(hanging());
  EXPECT_EQ(codeOf([&] { asks_->ask(asking("x", milliseconds{300})); }), "DEADLINE_EXCEEDED");
  EXPECT_TRUE(await([&] { return given_up_ == 1 && inside_ == 0; }));
}

TEST_F(AskDeskTest, TheEndOfTheWorkerGivesUpWhatItAsked) {
  begin(hanging());
  worker_->send(frameOf(FrameType::HostAsk, 1) + frameOf(FrameType::HostAsk, 2));
  ASSERT_TRUE(await([&] { return inside_ == 2; }));
  worker_->end();
  EXPECT_TRUE(await([&] { return given_up_ == 2 && inside_ == 0; }));
}

// Goal: neither end holds more than it may. Method: a worker that bounds nothing itself, and then
// one of ours.
TEST_F(AskDeskTest, NoMoreAreHeldThanMayBe) {
  begin(hanging());
  std::string frames;
  for (std::uint64_t id = 1; id <= AskDesk::kAsksMax; ++id)
    frames += frameOf(FrameType::HostAsk, 1'000'000 + id);
  worker_->send(frames);
  ASSERT_TRUE(await([&] { return inside_ == static_cast<int>(kThreads); }));
  EXPECT_EQ(codeOf([&] { asks_->ask(asking("one more")); }), "OVERLOADED");
  release();
  EXPECT_TRUE(await([&] { return codeOf([&] { asks_->ask(asking("x")); }) == "none"; }));
}

TEST_F(AskDeskTest, WhatIsAskedTwiceAtTheSameTimeEndsTheLink) {
  begin(hanging());
  worker_->send(frameOf(FrameType::HostAsk, 7));
  ASSERT_TRUE(await([&] { return inside_ == 1; }));
  worker_->send(frameOf(FrameType::HostAsk, 7));
  EXPECT_TRUE(await([&] { return nonsense_ == 1; }));
  EXPECT_TRUE(await([&] { return given_up_ == 1 && inside_ == 0; })) << "what it had asked is";
}

TEST_F(AskDeskTest, WhatIsOfNoKnownKindEndsTheLink) {
  begin(hanging());
  std::string frame;
  FrameWriter{frame, FrameType::HostAsk, 1}.number(200).number(0).finish();
  worker_->send(frame);
  EXPECT_TRUE(await([&] { return nonsense_ == 1; }));
  EXPECT_EQ(inside_, 0);
}

// Goal: what nobody waits for any more when a thread is free is not done. Method: all threads are
// kept until the deadline of one that waits has passed, whose worker has not given it up.
TEST_F(AskDeskTest, WhatWaitedTooLongIsNotDone) {
  std::atomic<int> done{0};
  begin([&done, stay = stay_](const HostAsk&, const std::stop_token& given_up) {
    ++done;
    return stay->hang(given_up);
  });
  for (std::uint64_t id = 1; id <= kThreads; ++id) worker_->send(frameOf(FrameType::HostAsk, id));
  ASSERT_TRUE(await([&] { return done == static_cast<int>(kThreads); }));
  worker_->send(frameOf(FrameType::HostAsk, kThreads + 1, milliseconds{1}));
  const auto passed = Clock::now() + milliseconds{20};
  ASSERT_TRUE(await([&] { return Clock::now() > passed; }));
  release();
  EXPECT_TRUE(await([&] { return failures_ == 1; }));
  EXPECT_EQ(done, static_cast<int>(kThreads));
}

TEST_F(AskDeskTest, MoreThreadsWorkOnWhatWaits) {
  begin(hanging());
  for (std::uint64_t id = 1; id <= kThreads + 2; ++id)
    worker_->send(frameOf(FrameType::HostAsk, id));
  ASSERT_TRUE(await([&] { return inside_ == static_cast<int>(kThreads); }));
  desk_->setThreads(kThreads + 2);
  EXPECT_TRUE(await([&] { return inside_ == static_cast<int>(kThreads) + 2; }));
}

// Goal: a worker that asks without end and reads nothing takes no memory of the host's without end.
// Method: refusals behind more than it may leave unread. Control: the same with nothing unread.
TEST_F(AskDeskTest, WhoReadsNoAnswersIsNotAnsweredForEver) {
  AskDesk desk{"desk", host_, kThreads, hanging()};
  const auto take = [&](std::uint64_t id) {
    std::string frame;
    writeHostAsk(frame, id, asking("x"));
    desk.take({FrameType::HostAsk, id, std::string_view{frame}.substr(Frame::kHeadBytes)});
  };
  for (std::uint64_t id = 1; id <= AskDesk::kAsksMax; ++id) take(id);
  EXPECT_NO_THROW(take(AskDesk::kAsksMax + 1)) << "it is refused";
  const auto unread = std::make_shared<const std::string>(AskDesk::kBytesMax + (1 << 20), 'x');
  std::string frame;
  FrameWriter{frame, FrameType::HostReply, 9'999}.text("").finish(unread->size());
  host_->send(frame, {*unread, unread});
  ASSERT_GT(host_->backlog(), AskDesk::kBytesMax);
  EXPECT_THROW(take(AskDesk::kAsksMax + 2), LinkError);
  desk.end();
}

TEST_F(AskDeskTest, AnAnswerToNobodyIsDropped) {
  begin([](const HostAsk& ask, const std::stop_token&) {
    return HostAnswer{{}, std::string{ask.body}};
  });
  std::string frames;
  writeHostAnswer(frames, 99, {"", "nobody"});
  writeError(frames, FrameType::HostFailure, 99, Error::app("X", "x"));
  EXPECT_EQ(asks_->ask(asking("the first")).body, "the first");
  writeHostAnswer(frames, 1, {"", "the first has been answered"});
  host_->send(frames);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(asks_->ask(asking("each once")).body, "each once");
}

// Goal: whoever ends a worker's home waits for nothing that the host still does for it. Method:
// work that does not look whether it was given up, with 3 s to go.
TEST_F(AskDeskTest, ItsEndDoesNotWaitForWhatIsBeingDone) {
  auto released = std::make_shared<std::promise<void>>();
  const auto stays = released->get_future().share();
  auto begun = std::make_shared<std::atomic<bool>>(false);
  begin([stays, begun](const HostAsk&, const std::stop_token&) {
    *begun = true;
    stays.wait();
    return HostAnswer{};
  });
  auto asked = std::async(std::launch::async,
                          [&] { return codeOf([&] { asks_->ask(asking("x", seconds{3})); }); });
  ASSERT_TRUE(await([&] { return begun->load(); }));
  host_->end();
  readers_[0].join();
  readers_.erase(readers_.begin());
  auto ended = std::async(std::launch::async, [&] { desk_.reset(); });
  EXPECT_EQ(ended.wait_for(seconds{2}), std::future_status::ready);
  released->set_value();
  ended.wait();
  EXPECT_NE(asked.get(), "none");
}

}  // namespace
}  // namespace bulkhead::host
