#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "http/chunked_decoder.hpp"
#include "http/parser.hpp"

namespace bulkhead::host {

/// Turns the bytes of one connection into complete requests, one after the other. It knows no
/// socket and no clock. Any split of the same bytes gives the same requests. Bytes are only kept
/// while a head is incomplete.
class RequestReader {
 public:
  enum class Status {
    NeedMore,      ///< every byte was taken
    HeadComplete,  ///< the head is in the request; call startBody, then read again
    Complete,      ///< head and body are in the request; the next byte starts another one
    Refused,       ///< see refusal(); the connection cannot be used for another request
  };
  struct Result {
    Status status;
    std::size_t used;  ///< bytes taken from the input
  };

  explicit RequestReader(const HeadLimits& limits) : limits_{limits} {}

  /// Reads on. `request` is the same object from a request's first byte to its completion.
  Result read(std::string_view bytes, HttpRequest& request);
  /// Allows the body, after HeadComplete. False when Content-Length is beyond `body_bytes_max`; the
  /// status is Refused then.
  bool startBody(std::uint64_t body_bytes_max);

  const Framing& framing() const noexcept { return framing_; }
  /// True from the first byte of a head (empty lines before it do not count) until its end.
  bool inHead() const noexcept { return state_ == State::Head && started_; }
  bool inBody() const noexcept { return state_ == State::Body; }
  /// Bytes of the current head that arrived, once it is complete all of them.
  std::size_t headBytes() const noexcept { return head_bytes_; }
  /// Bytes of the current body that arrived, framing included.
  std::uint64_t bodyBytesReceived() const noexcept { return body_bytes_received_; }
  const Error& refusal() const noexcept { return *refusal_; }

 private:
  enum class State { Head, HeadRead, Body, Refused };
  enum class Scan { Incomplete, Complete, Refused };

  Scan scanHead(std::string_view text);
  Scan endOfLine(std::string_view text, std::size_t lf);
  Scan checkIncomplete(std::string_view text);
  std::optional<Error> tooLong(std::string_view text) const;
  Result readHead(std::string_view bytes, HttpRequest& request);
  Result finishHead(std::string_view text, std::size_t used, HttpRequest& request);
  Result readBody(std::string_view bytes, HttpRequest& request);
  Result readChunks(std::string_view bytes, HttpRequest& request);
  Result complete(std::size_t used);
  Result refuse(Error error, std::size_t used);
  Scan refuseScan(Error error);
  void restartHead();

  const HeadLimits& limits_;
  State state_ = State::Head;
  bool started_ = false;
  std::string head_;  ///< bytes of an incomplete head
  std::size_t head_start_ = 0;
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
  std::size_t head_bytes_ = 0;
  Framing framing_;
  std::uint64_t body_bytes_left_ = 0;
  std::uint64_t body_bytes_received_ = 0;
  ChunkedDecoder chunks_;
  std::optional<Error> refusal_;
};

}  // namespace bulkhead::host
