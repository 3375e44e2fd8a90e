#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "plugins/link_frame.hpp"
#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {

/// One end of the stream socket between host and worker. Any thread sends; what several send at the
/// same time goes in one write. One thread reads.
class Link {
 public:
  /// Bytes that wait for the other side before a patient sender waits, too.
  static constexpr std::size_t kBacklogBytes = std::size_t{4} * 1024 * 1024;

  /// `other` is who sits at the other end.
  Link(FileDescriptor socket, LinkEnd other);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Hands whole frames over, in order, and never waits. False when the link has ended.
  bool send(std::string_view frames);
  /// The same for who may wait: until the other side has taken most of what was sent before.
  bool sendPatiently(std::string_view frames);
  /// Reads until the link ends, on the calling thread. Throws LinkError for what is no frame, and
  /// what `take` throws.
  void read(const std::function<void(const Frame&)>& take);
  /// Ends it: read() returns, and what waits is not sent. Any thread.
  void end() noexcept;
  /// Bytes that were sent and that the other side has not taken yet.
  std::size_t backlog() const;

 private:
  void flush(std::unique_lock<std::mutex>& lock);
  bool awaitMovement();

  const FileDescriptor socket_;
  const FileDescriptor wake_;  ///< tells the reader that bytes wait for room
  FrameReader reader_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::string out_;       ///< what nobody writes yet
  std::string going_;     ///< what one thread writes
  std::size_t gone_ = 0;  ///< of going_
  bool sending_ = false;  ///< somebody writes, or the reader will when there is room
  bool blocked_ = false;  ///< the reader will
  std::atomic<bool> ended_{false};
};

}  // namespace bulkhead::host
