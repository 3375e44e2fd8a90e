#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// The bytes of one body on their way between a thread, which may wait, and an event loop, which
/// may not. It holds about kRoomBytes at most: the faster side waits for the slower. One thread and
/// one loop use it at a time; the link to another process takes the place of either.
class ByteStream {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kRoomBytes = 256 * 1024;
  enum class End { None, Finished, BrokenOff };

  /// `changed` is called, without a lock, when the loop has to look: bytes or an end came where it
  /// found none, or room where it found none.
  explicit ByteStream(std::function<void()> changed) : changed_{std::move(changed)} {}
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // For the thread.

  /// Hands the bytes over, waiting for room. False when nobody wants them any more.
  bool write(std::string_view bytes);
  /// Waits for bytes, takes at most `size`, and tells how many; 0 at the end. Nothing when the
  /// stream was broken off, or `until` came first.
  std::optional<std::size_t> read(char* out, std::size_t size, Time until);
  /// Waits until the other side is gone or wants an end soon; false when `until` comes first.
  bool awaitEnd(Time until);

  // For the loop.

  /// Takes the bytes in, however many. False when there is no room for more until `changed`.
  bool put(std::string_view bytes);
  /// Appends at most `max` bytes to `out`; how many. After none, `changed` says when to come again.
  std::size_t take(std::string& out, std::size_t max);
  /// False when put() would find no room.
  bool hasRoom() const;
  /// True when take() would find something at once.
  bool hasBytes() const;
  /// Asks the writer of an endless stream for its end: the host stops.
  void endSoon();

  // For a link, which neither waits nor is asked by a loop.

  /// `moved` is called, without a lock, whenever the other side did something: it wrote, took,
  /// ended or wants an end. Once, before that.
  void watch(std::function<void()> moved);
  /// Takes the bytes in, however many.
  void push(std::string_view bytes);
  /// Appends at most `max` bytes to `out`; how many.
  std::size_t pull(std::string& out, std::size_t max);
  /// Bytes that nobody has taken yet.
  std::size_t size() const;
  /// True when an end is wanted soon, or came.
  bool wantsEnd() const;

  // For either.

  /// For the writer: what was written is all there is, or all there will ever be. Does nothing
  /// after an end.
  void finish(End end = End::Finished);
  /// Nothing more is wanted, or can come; what is on its way is forgotten.
  void breakOff();
  /// How it ended, once every byte was taken.
  End end() const;

 private:
  std::size_t takeLocked(char* out, std::size_t size);
  void tellLoop(std::unique_lock<std::mutex> lock);
  void tell(std::unique_lock<std::mutex> lock, bool loop);
  std::size_t sizeLocked() const { return bytes_.size() - taken_; }

  const std::function<void()> changed_;
  std::function<void()> watcher_;
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  std::string bytes_;
  std::size_t taken_ = 0;  ///< of bytes_
  End end_ = End::None;
  bool end_soon_ = false;
  bool loop_waits_ = false;
};

}  // namespace bulkhead::host
