#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "plugins/link_frame.hpp"
#include "plugins/link_outbox.hpp"
#include "runtime/file_descriptor.hpp"
#include "runtime/readable.hpp"

namespace bulkhead::host {

/// One end of the stream socket between host and worker. Any thread sends; what several send at the
/// same time goes in one write. One thread at a time reads: whoever the system wakes of those in
/// read(), or the event loop that follows it.
class Link final : public Readable, public std::enable_shared_from_this<Link> {
 public:
  /// Bytes that wait for the other side before a patient sender waits, too.
  static constexpr std::size_t kBacklogBytes = std::size_t{4} * 1024 * 1024;

  /// `other` is who sits at the other end.
  Link(FileDescriptor socket, LinkEnd other);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// What one call writes at most; the reader writes the rest. An event loop's step holds that.
  static constexpr std::size_t kWriteBytes = std::size_t{128} * 1024;
  /// Shorter bodies are worth their copy into a frame.
  static constexpr std::size_t kApartBytes = std::size_t{32} * 1024;

  /// What an event loop collects in a round goes out then, or as soon as it is as much as this.
  static constexpr std::size_t kRoundBytes = std::size_t{8} * 1024;

  /// Hands whole frames over, in order, and never waits. The last one may end with bytes apart.
  /// From the thread of an event loop they go at the end of its round, together with others.
  /// False when the link has ended.
  bool send(std::string_view frames, BytesApart apart = {});
  /// The same for who may wait: until the other side has taken most of what was sent before.
  bool sendPatiently(std::string_view frames, BytesApart apart = {});
  using Take = std::function<void(const Frame&)>;
  /// Reads until the link ends. Each of several threads in it has its own `take`, and its `taken`
  /// follows what came together, while another one may read on already. Throws LinkError for what
  /// is no frame, and what they throw.
  void read(
      const Take& take, const std::function<void()>& taken = [] {},
      const std::function<void()>& called = [] {});
  /// One of the threads that wait in read() calls its `called` so much later, unless this is said
  /// again meanwhile. For the worker's end; false when the system has no clock for it.
  bool callIn(std::chrono::microseconds delay) noexcept;
  /// Whether a thread in read() waits for something, and would read while the caller does not.
  bool hasSpareReader() const noexcept { return waiting_ > 0; }
  /// From the thread of an event loop, about to send what will be answered: that loop reads the
  /// answer itself, until another loop wants to, somebody says leaveLoop(), or more comes than a
  /// loop's step should hold. Elsewhere it does nothing.
  void followThisLoop() noexcept;
  /// Threads in read() do it again.
  void leaveLoop() noexcept;
  void onReadable() noexcept override;
  void onWatchEnd(const ReadableWatch& watch) noexcept override;
  void onRoundEnd() noexcept override;
  /// Ends it: read() returns, what waits is not sent, and nobody looks at bytes apart any more. Any
  /// thread.
  void end() noexcept;
  /// Bytes that were sent and that the other side has not taken yet.
  std::size_t backlog() const;

 private:
  /// What a step of a loop reads at most.
  static constexpr std::size_t kStepBytes = std::size_t{4} * 1024;
  /// What is longer, more at once, or again and again no answer is for threads.
  static constexpr std::size_t kLoopBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kLoopFrames = 24;
  static constexpr std::size_t kIdleSteps = 64;
  /// What a thread reads before others have a turn.
  static constexpr std::size_t kTurnBytes = std::size_t{64} * 1024;

  bool isPromised() noexcept;
  void flush(std::unique_lock<std::mutex>& lock);
  bool write(std::unique_lock<std::mutex>& lock, std::size_t& left, LinkOutbox::Owners& owners);
  void awaitMovement(const std::function<void()>& called);
  bool readSome(const Take& take, std::size_t bytes_max);
  void sendBlocked();
  void arm();
  void readOnLoops(const Take* take) noexcept;

  const FileDescriptor socket_;
  const FileDescriptor ready_;  ///< wakes one of those in read() for the socket
  const FileDescriptor clock_;  ///< in ready_, too
  std::atomic<int> waiting_{0};

  std::mutex reading_;  ///< of who reads
  FrameReader reader_;
  const Take* loop_take_ = nullptr;
  std::exception_ptr loop_problem_;
  std::size_t frames_ = 0;      ///< that were handed out in this step
  std::size_t idle_steps_ = 0;  ///< of loops, since the last answer

  std::mutex arming_;  // the last one that is taken
  std::shared_ptr<ReadableWatch> loop_;
  bool blocked_ = false;  ///< bytes wait for room, and a reader sends them when there is some

  mutable std::mutex mutex_;  ///< of who sends
  std::condition_variable room_;
  LinkOutbox out_;        ///< what nobody writes yet
  LinkOutbox going_;      ///< what one thread writes
  bool writing_ = false;  ///< that thread does, at this moment
  bool sending_ = false;  ///< somebody writes, or a reader will when there is room
  bool put_off_ = false;  ///< sending, but not before the end of a loop's round
  std::atomic<bool> ended_{false};
};

}  // namespace bulkhead::host
