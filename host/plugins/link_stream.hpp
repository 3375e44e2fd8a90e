#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/link.hpp"
#include "plugins/link_message.hpp"
#include "runtime/byte_stream.hpp"

namespace bulkhead::host {

/// Bytes of one body that may be on their way over the link, untaken: what both ends hold of it.
inline constexpr std::size_t kStreamWindowBytes = ByteStream::kRoomBytes;

/// Sends what is written into a stream to the other end, as fast as that gives credit. Thread-safe.
class StreamSender : public std::enable_shared_from_this<StreamSender> {
 public:
  /// `over` is called once, when the end was sent; nothing more comes then.
  StreamSender(std::shared_ptr<Link> link, std::uint64_t id, std::shared_ptr<ByteStream> stream,
               std::function<void()> over = {})
      : link_{std::move(link)}, id_{id}, stream_{std::move(stream)}, over_{std::move(over)} {}

  /// From now on what moves in the stream is sent.
  void begin();
  void credit(std::uint64_t bytes);
  /// The other end wants no more, which is confirmed, or soon no more.
  void take(StreamEnd end);

 private:
  void pump();
  void finish(std::string& frames, StreamEnd end);

  const std::shared_ptr<Link> link_;  ///< a stream may outlive the home that it came from
  const std::uint64_t id_;
  const std::shared_ptr<ByteStream> stream_;
  const std::function<void()> over_;
  std::mutex mutex_;
  std::size_t credit_ = kStreamWindowBytes;
  bool ended_ = false;  ///< the end was sent
};

/// Puts what the other end sends into a stream, and gives credit as it is taken. Thread-safe.
class StreamReceiver : public std::enable_shared_from_this<StreamReceiver> {
 public:
  StreamReceiver(std::shared_ptr<Link> link, std::uint64_t id, std::shared_ptr<ByteStream> stream)
      : link_{std::move(link)}, id_{id}, stream_{std::move(stream)} {}

  void begin();
  /// Throws LinkError for more than there was credit for.
  void take(std::string_view bytes);
  void take(StreamEnd end);
  /// The other end is gone: what came is all there will be.
  void breakOff() { take(StreamEnd::BrokenOff); }

 private:
  void look();

  const std::shared_ptr<Link> link_;  ///< a stream may outlive the home that it came from
  const std::uint64_t id_;
  const std::shared_ptr<ByteStream> stream_;
  std::mutex mutex_;
  std::size_t promised_ = kStreamWindowBytes;  ///< credit that was given and not used
  bool ended_ = false;
  bool told_soon_ = false;
};

}  // namespace bulkhead::host
