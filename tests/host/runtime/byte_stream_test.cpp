#include "runtime/byte_stream.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <semaphore>
#include <string>
#include <thread>

namespace bulkhead::host {
namespace {

using End = ByteStream::End;
using std::chrono::milliseconds;

ByteStream::Time in(milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

TEST(ByteStream, ASlowLoopHoldsTheWriterUp) {
  std::counting_semaphore<> changed{0};
  ByteStream stream{[&] { changed.release(); }};
  std::atomic<std::size_t> written{0};
  constexpr std::size_t kPiece = 64 * 1024;
  constexpr std::size_t kPieces = 32;
  std::jthread writer{[&] {
    const std::string piece(kPiece, 'x');
    for (std::size_t i = 0; i < kPieces && stream.write(piece); ++i) written += kPiece;
    stream.finish();
  }};
  std::string taken;
  while (stream.end() == End::None) {
    if (stream.take(taken, kPiece) == 0) changed.acquire();
    EXPECT_LE(written, taken.size() + 2 * ByteStream::kRoomBytes);
  }
  EXPECT_EQ(taken.size(), kPiece * kPieces);
  EXPECT_EQ(stream.end(), End::Finished);
}

TEST(ByteStream, ASlowThreadHoldsTheLoopUp) {
  std::atomic<int> changes{0};
  ByteStream stream{[&] { ++changes; }};
  EXPECT_TRUE(stream.put("some"));
  EXPECT_FALSE(stream.put(std::string(ByteStream::kRoomBytes, 'x'))) << "there is no more room";
  std::string out(ByteStream::kRoomBytes, '\0');
  EXPECT_EQ(stream.read(out.data(), 4, in(milliseconds{0})), 4U);
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(stream.read(out.data(), out.size(), in(milliseconds{0})), ByteStream::kRoomBytes);
  EXPECT_EQ(changes, 1) << "room again, and told once";
  stream.finish();
  EXPECT_EQ(stream.read(out.data(), out.size(), in(milliseconds{0})), 0U);
}

TEST(ByteStream, AReadEndsWithItsTime) {
  ByteStream stream{nullptr};
  char out = 0;
  EXPECT_EQ(stream.read(&out, 1, in(milliseconds{5})), std::nullopt);
  stream.put("a");
  stream.finish();
  EXPECT_EQ(stream.end(), End::None) << "not before all was taken";
  EXPECT_EQ(stream.read(&out, 1, in(milliseconds{0})), 1U);
  EXPECT_EQ(stream.end(), End::Finished);
}

TEST(ByteStream, BrokenOffItHoldsNobodyUp) {
  ByteStream full{nullptr};
  std::jthread writer{[&] {
    const std::string much(4 * ByteStream::kRoomBytes, 'x');
    EXPECT_FALSE(full.write(much));
  }};
  while (!full.hasBytes()) std::this_thread::yield();
  full.breakOff();
  writer.join();
  EXPECT_FALSE(full.hasBytes()) << "what is on its way is forgotten";
  ByteStream empty{nullptr};
  std::jthread reader{[&] {
    char out = 0;
    EXPECT_EQ(empty.read(&out, 1, in(std::chrono::minutes{1})), std::nullopt);
  }};
  empty.breakOff();
}

TEST(ByteStream, AnEndlessWriterIsAskedToEnd) {
  ByteStream stream{nullptr};
  EXPECT_FALSE(stream.awaitEnd(in(milliseconds{1})));
  stream.endSoon();
  EXPECT_TRUE(stream.awaitEnd(in(std::chrono::minutes{1})));
  EXPECT_TRUE(stream.write("its last words"));
  ByteStream gone{nullptr};
  gone.breakOff();
  EXPECT_TRUE(gone.awaitEnd(in(std::chrono::minutes{1})));
}

}  // namespace
}  // namespace bulkhead::host
