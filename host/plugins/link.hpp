#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "plugins/link_frame.hpp"
#include "plugins/link_outbox.hpp"
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

  /// What one call writes at most; the reader writes the rest. An event loop's step holds that.
  static constexpr std::size_t kWriteBytes = std::size_t{128} * 1024;
  /// Shorter bodies are worth their copy into a frame.
  static constexpr std::size_t kApartBytes = std::size_t{32} * 1024;

  /// Hands whole frames over, in order, and never waits. The last one may end with bytes apart.
  /// False when the link has ended.
  bool send(std::string_view frames, BytesApart apart = {});
  /// The same for who may wait: until the other side has taken most of what was sent before.
  bool sendPatiently(std::string_view frames, BytesApart apart = {});
  /// Reads until the link ends, on the calling thread; `taken` follows what came together. Throws
  /// LinkError for what is no frame, and what they throw.
  void read(
      const std::function<void(const Frame&)>& take, const std::function<void()>& taken = [] {});
  /// Ends it: read() returns, what waits is not sent, and nobody looks at bytes apart any more. Any
  /// thread.
  void end() noexcept;
  /// Bytes that were sent and that the other side has not taken yet.
  std::size_t backlog() const;

 private:
  void flush(std::unique_lock<std::mutex>& lock, bool by_reader);
  bool write(std::unique_lock<std::mutex>& lock, std::size_t& left, LinkOutbox::Owners& owners);
  void leaveToReader(bool by_reader);
  bool awaitMovement();

  const FileDescriptor socket_;
  const FileDescriptor wake_;  ///< tells the reader that bytes wait for room
  FrameReader reader_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  LinkOutbox out_;        ///< what nobody writes yet
  LinkOutbox going_;      ///< what one thread writes
  bool writing_ = false;  ///< that thread does, at this moment
  bool sending_ = false;  ///< somebody writes, or the reader will when there is room
  bool blocked_ = false;  ///< the reader will
  std::atomic<bool> ended_{false};
};

}  // namespace bulkhead::host
