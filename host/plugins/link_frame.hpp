#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// What a frame of the link between host and worker is. The host sends the first group, the worker
/// the second, both the third; a frame of the other side's is an error.
enum class FrameType : std::uint8_t {
  Begin = 1,    ///< what to be: once, before anything else
  Request,      ///< a call; its answer has the same id
  Ask,          ///< anything but a call; its reply has the same id
  HostReply,    ///< to HostAsk
  HostFailure,  ///< to HostAsk: an Error

  Answer = 16,     ///< a whole answer, or the head of one that streams
  Refused,         ///< the call was not begun, and never will be
  Reply,           ///< to Ask
  Failure,         ///< to Ask: an Error
  Log,             ///< a line of the plugin's log
  Records,         ///< what the plugin measured since the last ones
  HostAsk,         ///< what the plugin wants of the host; its reply has the same id
  HostAskGivenUp,  ///< nobody waits for that reply any more
  Work,            ///< events or messages have been committed; see WorkBell

  Data = 32,  ///< bytes of a body that streams
  End,        ///< of that body; see StreamEnd
  Credit,     ///< so many more bytes may be sent
};

/// One length-framed message: 4 bytes of payload length, the type, three zeros, 8 bytes of id, the
/// payload. Integers are in the machine's own order: both ends are this program.
struct Frame {
  static constexpr std::size_t kHeadBytes = 16;
  /// Longest payload: the longest body, and a head.
  static constexpr std::size_t kPayloadBytesMax = std::size_t{66} * 1024 * 1024;

  FrameType type = FrameType::Begin;
  std::uint64_t id = 0;
  std::string_view payload;  ///< valid until the reader is given more
};

/// Bytes that are no frames, or none that the other side may send: who sent them is not heard any
/// more.
class LinkError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class LinkEnd { Host, Worker };

/// Cuts what comes over the link into frames. Takes memory as bytes come, not as they are promised.
class FrameReader {
 public:
  /// For what `sender` sends.
  explicit FrameReader(LinkEnd sender) : sender_{sender} {}

  /// Where the next bytes go: at least 64 KiB. Frames that were handed out are gone afterwards.
  char* room(std::size_t& size);
  void took(std::size_t bytes) { end_ += bytes; }
  /// Gives memory back that a long frame needed, when nothing is held.
  void trim();
  /// Bytes that came and were not handed out.
  std::size_t held() const noexcept { return end_ - begin_; }
  /// The next whole frame; nothing when more bytes are needed. Throws LinkError.
  std::optional<Frame> next();

 private:
  const LinkEnd sender_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what was not handed out
  std::size_t end_ = 0;    ///< of what came
};

/// Writes the fields of one frame behind what `out` holds; finish() when all are in.
class FrameWriter {
 public:
  FrameWriter(std::string& out, FrameType type, std::uint64_t id);
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  FrameWriter& number(std::uint64_t value);
  FrameWriter& integer(std::int64_t value) { return number(static_cast<std::uint64_t>(value)); }
  FrameWriter& real(double value);
  FrameWriter& text(std::string_view value);
  /// Without a length: the rest of the frame.
  FrameWriter& rest(std::string_view value);
  /// `apart` more bytes of the frame follow from elsewhere. Throws std::length_error, and leaves
  /// `out` as it was, for more than a frame holds.
  void finish(std::size_t apart = 0);

 private:
  std::string& out_;
  const std::size_t begin_;
};

/// Reads them again, in the same order. Throws LinkError for what is not there or too much.
class FieldReader {
 public:
  explicit FieldReader(std::string_view payload) : left_{payload} {}

  std::uint64_t number();
  std::int64_t integer() { return static_cast<std::int64_t>(number()); }
  /// In microseconds; the clock's first or last moment for what is beyond it.
  std::chrono::steady_clock::time_point time();
  /// At most `max`, or LinkError.
  std::uint64_t numberUpTo(std::uint64_t max);
  bool flag() { return numberUpTo(1) == 1; }
  double real();
  std::string_view text();
  std::string_view rest();
  /// Throws LinkError when something is left.
  void finish() const;

 private:
  std::string_view take(std::size_t size);

  std::string_view left_;
};

}  // namespace bulkhead::host
