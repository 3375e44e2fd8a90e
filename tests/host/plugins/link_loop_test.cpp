// A link that event loops read for, and one that several threads read.
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <utility>
#include <vector>

#include "plugins/link.hpp"
#include "plugins/link_message.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::seconds;

/// A loop that does nothing but look after others.
class BareLoop {
 public:
  BareLoop() : set_{std::make_shared<Set>()}, thread_{[this] { run(); }} {}
  ~BareLoop() {
    post([] {}, true);
    thread_.join();
  }

  std::thread::id thread() const { return thread_.get_id(); }
  int rounds() const { return rounds_; }
  /// Runs it on the loop's thread, and waits for that: what the loop did before is over then.
  void post(std::function<void()> work, bool last = false) {
    std::promise<void> done;
    {
      const std::lock_guard lock{mutex_};
      work_.push_back([&] {
        work();
        done.set_value();
      });
      ends_ = last;
    }
    eventfd_write(wake_.get(), 1);
    done.get_future().wait();
  }

 private:
  struct Set final : ReadableWatch {
    static void makeOwn(std::shared_ptr<ReadableWatch> watch) { setOfThisThread(std::move(watch)); }
    bool watch(int descriptor, const std::shared_ptr<Readable>& readable) noexcept override {
      guest = readable;
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = descriptor;
      return epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
    }
    void unwatch(int descriptor) noexcept override {
      epoll_ctl(epoll.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    }
    bool promiseRoundEnd(const std::shared_ptr<Readable>& readable) noexcept override {
      promised.push_back(readable);
      return true;
    }
    void endRound() {
      for (const auto& readable : std::exchange(promised, {})) readable->onRoundEnd();
    }
    FileDescriptor epoll{epoll_create1(EPOLL_CLOEXEC)};
    std::weak_ptr<Readable> guest;
    std::vector<std::shared_ptr<Readable>> promised;
  };

  void run() {
    Set::makeOwn(set_);
    set_->watch(wake_.get(), nullptr);
    for (bool goes_on = true; goes_on;) {
      epoll_event event{};
      if (epoll_wait(set_->epoll.get(), &event, 1, -1) < 1) continue;
      ++rounds_;
      if (event.data.fd == wake_.get()) {
        goes_on = work();
      } else if (const auto guest = set_->guest.lock()) {
        guest->onReadable();
      }
      set_->endRound();
    }
    Set::makeOwn(nullptr);
    if (const auto guest = set_->guest.lock()) guest->onWatchEnd(*set_);
  }

  bool work() {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    const std::lock_guard lock{mutex_};
    for (const auto& one : std::exchange(work_, {})) one();
    return !ends_;
  }

  const std::shared_ptr<Set> set_;
  const FileDescriptor wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex_;
  std::vector<std::function<void()>> work_;
  bool ends_ = false;
  std::atomic<int> rounds_{0};
  std::thread thread_;
};

class LinkLoop : public ::testing::Test {
 protected:
  LinkLoop() {
    int both[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    host_ = std::make_shared<Link>(FileDescriptor{both[0]}, LinkEnd::Worker);
    worker_ = std::make_shared<Link>(FileDescriptor{both[1]}, LinkEnd::Host);
    reader_ = std::thread{[this] {
      try {
        host_->read([this](const Frame& frame) { take(frame); });
      } catch (const LinkError& error) {
        problem_ = error.what();
      }
      over_.set_value();
    }};
    while (!host_->hasSpareReader()) std::this_thread::yield();
  }
  ~LinkLoop() override {
    host_->end();
    worker_->end();
    reader_.join();
    if (worker_reader_.joinable()) worker_reader_.join();
  }

  void readAtWorker() {
    worker_reader_ = std::thread{[this] {
      worker_->read([this](const Frame& frame) { worker_took_ += frame.payload.size(); });
    }};
  }
  void follow(BareLoop& loop) {
    loop.post([this] { host_->followThisLoop(); });
  }
  /// Sends a frame with that payload to the host; who took it there. A thread of the link has left
  /// it again then.
  std::thread::id takerOf(std::string payload) {
    std::promise<std::thread::id> taken;
    {
      const std::lock_guard lock{mutex_};
      taken_ = &taken;
    }
    std::string frame;
    writeData(frame, 1, payload);
    worker_->sendPatiently(frame);
    auto future = taken.get_future();
    if (future.wait_for(seconds{10}) != std::future_status::ready) return {};
    const auto taker = future.get();
    while (taker == reader_.get_id() && !host_->hasSpareReader()) std::this_thread::yield();
    return taker;
  }
  bool isOverSoon() {
    return over_.get_future().wait_for(seconds{10}) == std::future_status::ready;
  }

  std::shared_ptr<Link> host_;
  std::shared_ptr<Link> worker_;
  std::string problem_;
  std::thread reader_;
  std::atomic<std::size_t> worker_took_{0};
  std::atomic<std::size_t> taken_by_reader_{0};
  std::atomic<std::size_t> taken_by_loops_{0};

 private:
  void take(const Frame&) {
    const std::lock_guard lock{mutex_};
    ++(std::this_thread::get_id() == reader_.get_id() ? taken_by_reader_ : taken_by_loops_);
    if (taken_ != nullptr) std::exchange(taken_, nullptr)->set_value(std::this_thread::get_id());
  }

  std::mutex mutex_;
  std::promise<std::thread::id>* taken_ = nullptr;
  std::promise<void> over_;
  std::thread worker_reader_;
};

TEST_F(LinkLoop, TheLoopThatItFollowsReads) {
  EXPECT_EQ(takerOf("before"), reader_.get_id());
  BareLoop first;
  follow(first);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(takerOf("one"), first.thread());
  first.post([] {});
  BareLoop second;
  follow(second);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(takerOf("two"), second.thread());
  const int rounds = first.rounds();
  EXPECT_EQ(takerOf("three"), second.thread());
  EXPECT_EQ(first.rounds(), rounds) << "and nobody else is woken";
  second.post([] {});
  host_->leaveLoop();
  EXPECT_EQ(takerOf("after"), reader_.get_id());
}

TEST_F(LinkLoop, OffLoopsNothingFollows) {
  host_->followThisLoop();
  EXPECT_EQ(takerOf("x"), reader_.get_id());
}

TEST_F(LinkLoop, ALongFrameIsForThreads) {
  readAtWorker();
  BareLoop loop;
  follow(loop);
  EXPECT_EQ(takerOf(std::string(4U << 20, 'x')), reader_.get_id());
  EXPECT_EQ(takerOf("short"), reader_.get_id()) << "until a loop is followed again";
  follow(loop);
  EXPECT_EQ(takerOf("short"), loop.thread());
}

TEST_F(LinkLoop, AFloodIsForThreads) {
  readAtWorker();
  BareLoop loop;
  follow(loop);
  std::string frames;
  for (int i = 0; i < 10'000; ++i) writeData(frames, 1, "x");
  ASSERT_TRUE(worker_->send(frames));
  while (taken_by_reader_ + taken_by_loops_ < 10'000) std::this_thread::yield();
  EXPECT_LE(taken_by_loops_, 300U);
}

TEST_F(LinkLoop, WhoNeverAnswersIsForThreads) {
  BareLoop loop;
  follow(loop);
  for (int i = 0; i < 200; ++i) takerOf("x");
  EXPECT_LE(taken_by_loops_, 65U);
  EXPECT_EQ(takerOf("x"), reader_.get_id());
}

TEST_F(LinkLoop, ALoopThatEndsLeavesItToThreads) {
  {
    BareLoop loop;
    follow(loop);
    EXPECT_EQ(takerOf("x"), loop.thread());
  }
  EXPECT_EQ(takerOf("y"), reader_.get_id());
}

TEST_F(LinkLoop, ThreadsHearOfTheEndAndTheLoopDoesNotSpin) {
  BareLoop loop;
  follow(loop);
  worker_->end();
  EXPECT_TRUE(isOverSoon());
  const int rounds = loop.rounds();
  for (int i = 0; i < 50; ++i) loop.post([] {});  // a round each
  EXPECT_LE(loop.rounds(), rounds + 51);
}

TEST_F(LinkLoop, WhatIsNoFrameIsThrownByRead) {
  BareLoop loop;
  follow(loop);
  worker_->send(std::string(64, '\xff'));
  EXPECT_TRUE(isOverSoon());
  EXPECT_NE(problem_, "");
}

TEST_F(LinkLoop, WhatWaitsForRoomIsSentWhileALoopReads) {
  BareLoop loop;
  follow(loop);
  std::string frame;
  writeData(frame, 1, std::string(1U << 20, 'x'));
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(host_->send(frame));
  EXPECT_GT(host_->backlog(), 0U);
  readAtWorker();
  while (worker_took_ < std::size_t{8} << 20) std::this_thread::yield();
  EXPECT_EQ(takerOf("x"), loop.thread());
}

TEST_F(LinkLoop, WhatIsSentInARoundGoesAtItsEnd) {
  readAtWorker();
  BareLoop loop;
  std::string frame;
  writeData(frame, 1, "a call");
  loop.post([&] {
    for (std::size_t count = 1; count <= 3; ++count) {
      ASSERT_TRUE(host_->send(frame));
      EXPECT_EQ(host_->backlog(), count * frame.size()) << "none has gone";
    }
    std::thread{[&] { ASSERT_TRUE(host_->send(frame)); }}.join();  // goes with them
    EXPECT_EQ(host_->backlog(), 4 * frame.size());
  });
  while (worker_took_ < 4 * std::string_view{"a call"}.size()) std::this_thread::yield();
}

TEST_F(LinkLoop, ARoundCollectsABoundedAmount) {
  readAtWorker();
  BareLoop loop;
  std::string frame;
  writeData(frame, 1, std::string(Link::kRoundBytes / 4, 'x'));
  loop.post([&] {
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(host_->send(frame));
      EXPECT_LT(host_->backlog(), Link::kRoundBytes);
    }
  });
  while (worker_took_ < 5 * Link::kRoundBytes) std::this_thread::yield();
}

/// Goal: loops take a link from each other at any moment, and nothing is lost, doubled or stuck.
TEST_F(LinkLoop, ManyLoopsAtATimeLoseNothing) {
  readAtWorker();
  constexpr int kEach = 500;
  std::vector<std::unique_ptr<BareLoop>> loops;
  for (int i = 0; i < 3; ++i) loops.push_back(std::make_unique<BareLoop>());
  std::atomic<bool> over{false};
  std::vector<std::thread> movers;
  for (const auto& loop : loops) {
    movers.emplace_back([this, &over, &loop = *loop] {
      while (!over) follow(loop);
    });
  }
  for (int i = 0; i < kEach; ++i) {
    ASSERT_NE(takerOf(std::string(static_cast<std::size_t>(i) * 100, 'x')), std::thread::id{});
  }
  over = true;
  for (auto& mover : movers) mover.join();
}

TEST(LinkReaders, WhileOneIsAwayAnotherReads) {
  int both[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
  const auto host = std::make_shared<Link>(FileDescriptor{both[0]}, LinkEnd::Worker);
  const auto worker = std::make_shared<Link>(FileDescriptor{both[1]}, LinkEnd::Host);
  std::latch away{1};
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::promise<std::thread::id> second;
  std::atomic<bool> had_spare{false};
  const auto read = [&] {
    bool goes_away = false;
    worker->read(
        [&](const Frame& frame) {
          goes_away = frame.id == 1;
          if (frame.id == 2) second.set_value(std::this_thread::get_id());
        },
        [&] {
          if (!std::exchange(goes_away, false)) return;
          had_spare = worker->hasSpareReader();
          away.count_down();
          released.wait();
        });
  };
  std::thread readers[] = {std::thread{read}, std::thread{read}};
  while (!worker->hasSpareReader()) std::this_thread::yield();
  std::string frame;
  writeData(frame, 1, "x");
  host->send(frame);
  away.wait();
  frame.clear();
  writeData(frame, 2, "x");
  host->send(frame);
  EXPECT_EQ(second.get_future().wait_for(seconds{10}), std::future_status::ready);
  release.set_value();
  host->end();
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace bulkhead::host
