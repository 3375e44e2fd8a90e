#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulkhead::host {

/// Decodes one chunked body (RFC 9112 §7.1), strictly: sizes are plain hex digits, lines end in
/// CRLF, extensions and trailers are checked, skipped and bounded. Takes bytes in any split.
class ChunkedDecoder {
 public:
  enum class Status {
    NeedMore,   ///< every byte was taken and the body is not at its end
    Done,       ///< the final CRLF was taken
    Malformed,  ///< the framing is broken; nothing after it can be trusted
    TooLarge,   ///< decoded bytes would exceed the limit
  };
  struct Result {
    Status status;
    std::size_t used;  ///< bytes taken from the input
  };

  /// Starts over. `body_bytes_max` bounds the decoded body.
  void reset(std::size_t body_bytes_max);
  /// Appends decoded bytes to `body`.
  Result decode(std::string_view bytes, std::string& body);

 private:
  enum class State {
    Size,
    ExtensionStart,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    EndLf
  };

  Status step(char c);
  Status sizeDigit(char c);
  Status sizeLineEnd();
  bool takeOverhead();

  State state_ = State::Size;
  std::uint32_t size_digits_ = 0;
  std::uint64_t chunk_bytes_left_ = 0;
  std::size_t body_bytes_left_ = 0;
  std::size_t overhead_bytes_ = 0;  ///< of extensions and trailers
  bool trailer_has_colon_ = false;
};

}  // namespace bulkhead::host
