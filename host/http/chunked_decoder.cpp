#include "http/chunked_decoder.hpp"

#include <algorithm>

#include "http/characters.hpp"

namespace bulkhead::host {
namespace {

constexpr std::uint32_t kSizeDigitsMax = 15;
/// Extensions and trailers of one body together: nobody has a use for more, attackers do.
constexpr std::size_t kOverheadBytesMax = 8 * 1024;

}  // namespace

void ChunkedDecoder::reset(std::size_t body_bytes_max) {
  *this = ChunkedDecoder{};
  body_bytes_left_ = body_bytes_max;
}

ChunkedDecoder::Result ChunkedDecoder::decode(std::string_view bytes, std::string& body) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (state_ == State::Data) {
      const std::size_t take =
          static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes_left_, bytes.size() - at));
      body.append(bytes.substr(at, take));
      at += take;
      chunk_bytes_left_ -= take;
      if (chunk_bytes_left_ == 0) state_ = State::DataCr;
      continue;
    }
    const Status status = step(bytes[at++]);
    if (status != Status::NeedMore) return {status, at};
  }
  return {Status::NeedMore, at};
}

ChunkedDecoder::Status ChunkedDecoder::step(char c) {
  const auto expect = [&](char wanted, State next) {
    state_ = next;
    return c == wanted ? Status::NeedMore : Status::Malformed;
  };
  switch (state_) {
    case State::Size:
      return sizeDigit(c);
    case State::ExtensionStart:
      state_ = State::Extension;
      return isTokenCharacter(c) && takeOverhead() ? Status::NeedMore : Status::Malformed;
    case State::Extension:
      if (c == '\r') return expect('\r', State::SizeLf);
      return isFieldCharacter(c) && takeOverhead() ? Status::NeedMore : Status::Malformed;
    case State::SizeLf:
      return c == '\n' ? sizeLineEnd() : Status::Malformed;
    case State::DataCr:
      return expect('\r', State::DataLf);
    case State::DataLf:
      size_digits_ = 0;
      return expect('\n', State::Size);
    case State::TrailerStart:
      if (c == '\r') return expect('\r', State::EndLf);
      trailer_has_colon_ = false;
      state_ = State::Trailer;
      return isTokenCharacter(c) && takeOverhead() ? Status::NeedMore : Status::Malformed;
    case State::Trailer:
      if (c == '\r') return trailer_has_colon_ ? expect('\r', State::TrailerLf) : Status::Malformed;
      if (!trailer_has_colon_ && c != ':' && !isTokenCharacter(c)) return Status::Malformed;
      if (c == ':') trailer_has_colon_ = true;
      return isFieldCharacter(c) && takeOverhead() ? Status::NeedMore : Status::Malformed;
    case State::TrailerLf:
      return expect('\n', State::TrailerStart);
    case State::EndLf:
      return c == '\n' ? Status::Done : Status::Malformed;
    case State::Data:
      break;
  }
  return Status::Malformed;
}

ChunkedDecoder::Status ChunkedDecoder::sizeDigit(char c) {
  const int digit = hexDigit(c);
  if (digit >= 0) {
    if (++size_digits_ > kSizeDigitsMax) return Status::Malformed;
    chunk_bytes_left_ = chunk_bytes_left_ * 16 + static_cast<std::uint64_t>(digit);
    return Status::NeedMore;
  }
  if (size_digits_ == 0) return Status::Malformed;
  if (c == ';') {
    state_ = State::ExtensionStart;
    return Status::NeedMore;
  }
  state_ = State::SizeLf;
  return c == '\r' ? Status::NeedMore : Status::Malformed;
}

ChunkedDecoder::Status ChunkedDecoder::sizeLineEnd() {
  if (chunk_bytes_left_ == 0) {
    state_ = State::TrailerStart;
    return Status::NeedMore;
  }
  if (chunk_bytes_left_ > body_bytes_left_) return Status::TooLarge;
  body_bytes_left_ -= static_cast<std::size_t>(chunk_bytes_left_);
  state_ = State::Data;
  return Status::NeedMore;
}

bool ChunkedDecoder::takeOverhead() {
  return ++overhead_bytes_ <= kOverheadBytesMax;
}

}  // namespace bulkhead::host
