#include "plugins/pin.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <gtest/gtest.h>
#include <memory>
#include <thread>
#include <vector>

namespace bulkhead::host {
namespace {

/// Knows in its bytes whether it lives, for who reads it when it is gone.
struct Marked {
  static constexpr unsigned kAlive = 0x600d;
  explicit Marked(std::atomic<int>& count) : living{count} { ++living; }
  ~Marked() {
    --living;
    mark = 0;
  }
  std::atomic<int>& living;
  std::atomic<unsigned> mark{kAlive};
};

TEST(Pin, HasNothingWhereNothingIs) {
  const std::atomic<Marked*> current{nullptr};
  const Pin<Marked> pin{current};
  EXPECT_EQ(pin.get(), nullptr);
}

TEST(Pin, TheObjectOfAThreadOutlivesItsOwner) {
  std::atomic<int> living{0};
  auto owner = makePinned<Marked>(living);
  std::atomic<Marked*> current{owner.get()};
  std::promise<void> pinned;
  std::promise<void> leave;
  std::thread reader{[&] {
    const Pin<Marked> pin{current};
    pinned.set_value();
    leave.get_future().wait();
    EXPECT_EQ(pin.get()->mark, Marked::kAlive);
  }};
  pinned.get_future().wait();
  current = nullptr;
  auto ended = std::async(std::launch::async, [&] { owner.reset(); });
  EXPECT_EQ(ended.wait_for(std::chrono::milliseconds{50}), std::future_status::timeout);
  EXPECT_EQ(living, 1);
  leave.set_value();
  reader.join();
  ended.get();
  EXPECT_EQ(living, 0);
}

TEST(Pin, WhoseOwnThreadEndsItKeepsItUntilItLeaves) {
  std::atomic<int> living{0};
  auto owner = makePinned<Marked>(living);
  std::atomic<Marked*> current{owner.get()};
  {
    const Pin<Marked> pin{current};
    current = nullptr;
    owner.reset();
    EXPECT_EQ(living, 1);
    EXPECT_EQ(pin.get()->mark, Marked::kAlive);
  }
  EXPECT_EQ(living, 0);
}

TEST(Pin, AThreadHasOneAtATime) {
  std::atomic<int> living{0};
  const auto owner = makePinned<Marked>(living);
  const std::atomic<Marked*> current{owner.get()};
  {
    const Pin<Marked> first{current};
    const Pin<Marked> second{current};
    EXPECT_NE(first.get(), nullptr);
    EXPECT_EQ(second.get(), nullptr);
  }
  const Pin<Marked> third{current};
  EXPECT_NE(third.get(), nullptr);
}

/// Threads come and go more often than there are places.
TEST(Pin, AThreadThatEndsGivesItsPlaceBack) {
  std::atomic<int> living{0};
  const auto owner = makePinned<Marked>(living);
  const std::atomic<Marked*> current{owner.get()};
  for (int i = 0; i < 600; ++i)
    std::thread{[&] { EXPECT_NE(Pin<Marked>{current}.get(), nullptr); }}.join();
}

/// A reader that is not kept waiting for, as without its pin, meets marks of what is gone.
TEST(Pin, NobodyReadsWhatIsGone) {
  constexpr int kReaders = 4;
  constexpr int kReads = 20'000;
  std::atomic<int> living{0};
  auto owner = makePinned<Marked>(living);
  std::atomic<Marked*> current{owner.get()};
  std::atomic<int> gone{0};
  std::atomic<int> reading{kReaders};
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      for (int reads = 0; reads < kReads; ++reads) {
        const Pin<Marked> pin{current};
        std::this_thread::yield();
        if (pin.get()->mark != Marked::kAlive) ++gone;
      }
      --reading;
    });
  }
  while (reading > 0) {
    auto next = makePinned<Marked>(living);
    current = next.get();
    owner.swap(next);
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(gone, 0);
  EXPECT_EQ(living, 1);
}

}  // namespace
}  // namespace bulkhead::host
