#include "http/request_reader.hpp"

#include <algorithm>
#include <utility>

#include "http/characters.hpp"

namespace bulkhead::host {
namespace {

/// RFC 9112 §2.2 asks to ignore at least one empty line before a request line; more of them is no
/// client that we know.
constexpr std::size_t kLeadingBytesMax = 2;
/// Bodies up to here get their memory at once; larger ones as they arrive, since a length is only
/// a claim.
constexpr std::uint64_t kReserveBytesMax = 64 * 1024;

Error malformed(std::string_view why) {
  return Error::validation("MALFORMED_REQUEST", why);
}
Error tooLarge() {
  return Error::validation("PAYLOAD_TOO_LARGE", "The body is too large.");
}

}  // namespace

RequestReader::Result RequestReader::read(std::string_view bytes, HttpRequest& request) {
  switch (state_) {
    case State::Head:
      return readHead(bytes, request);
    case State::HeadRead:
      return {Status::HeadComplete, 0};
    case State::Body:
      return readBody(bytes, request);
    case State::Refused:
      break;
  }
  return {Status::Refused, 0};
}

bool RequestReader::startBody(std::uint64_t body_bytes_max) {
  if (framing_.content_length > body_bytes_max) {
    refuse(tooLarge(), 0);
    return false;
  }
  state_ = State::Body;
  body_bytes_left_ = framing_.content_length;
  body_bytes_received_ = 0;
  if (framing_.chunked) chunks_.reset(static_cast<std::size_t>(body_bytes_max));
  return true;
}

RequestReader::Result RequestReader::readHead(std::string_view bytes, HttpRequest& request) {
  body_bytes_received_ = 0;
  const std::size_t kept = head_.size();
  if (kept > 0) head_.append(bytes);
  const std::string_view text = kept > 0 ? std::string_view{head_} : bytes;
  switch (scanHead(text)) {
    case Scan::Refused:
      return {Status::Refused, bytes.size()};
    case Scan::Incomplete:
      if (kept == 0) head_.assign(bytes);
      head_bytes_ = head_.size();
      return {Status::NeedMore, bytes.size()};
    case Scan::Complete:
      break;
  }
  return finishHead(text.substr(0, scanned_), scanned_ - kept, request);
}

RequestReader::Scan RequestReader::scanHead(std::string_view text) {
  for (std::size_t lf = text.find('\n', scanned_); lf != std::string_view::npos;
       lf = text.find('\n', scanned_)) {
    if (lf > line_start_ + 1 && text[lf - 1] == '\r') {  // nearly every line
      scanned_ = line_start_ = lf + 1;
      started_ = true;
      continue;
    }
    const Scan scan = endOfLine(text, lf);
    if (scan != Scan::Incomplete) return scan;
  }
  scanned_ = text.size();
  return checkIncomplete(text);
}

/// A line that is empty, or that CRLF does not end.
RequestReader::Scan RequestReader::endOfLine(std::string_view text, std::size_t lf) {
  if (lf == 0 || text[lf - 1] != '\r') {
    if (auto sooner = tooLong(text.substr(0, lf))) return refuseScan(std::move(*sooner));
    return refuseScan(malformed("A line ends in a bare LF."));
  }
  const bool first_line = line_start_ == head_start_;
  scanned_ = line_start_ = lf + 1;
  if (!first_line) {
    if (lf + 1 - head_start_ <= limits_.head_bytes_max) return Scan::Complete;
    auto too_long = tooLong(text.substr(0, lf + 1));
    return too_long ? refuseScan(std::move(*too_long)) : Scan::Complete;
  }
  head_start_ = lf + 1;
  return head_start_ > kLeadingBytesMax
             ? refuseScan(malformed("Empty lines stand before the request line."))
             : Scan::Incomplete;
}

RequestReader::Scan RequestReader::checkIncomplete(std::string_view text) {
  const std::string_view head = text.substr(head_start_);
  if (head.empty()) return Scan::Incomplete;
  if (head[0] != '\r') started_ = true;
  auto too_long = tooLong(text);
  if (!too_long && head[0] != '\r' && !isTokenCharacter(head[0]))
    too_long = malformed("The method is not a token.");
  return too_long ? refuseScan(std::move(*too_long)) : Scan::Incomplete;
}

/// Which limit the head has passed: the same whatever pieces it came in.
std::optional<Error> RequestReader::tooLong(std::string_view text) const {
  const std::string_view head = text.substr(head_start_);
  std::string_view line = head.substr(0, head.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (!line.empty() && line[0] != '\r' && !isTokenCharacter(line[0])) return std::nullopt;
  if (line.size() > limits_.request_line_bytes_max)
    return Error::validation("URI_TOO_LONG", "The request line is too long.");
  if (head.size() > limits_.head_bytes_max)
    return Error::validation("HEADERS_TOO_LARGE", "The header section is too large.");
  return std::nullopt;
}

RequestReader::Result RequestReader::finishHead(std::string_view text, std::size_t used,
                                                HttpRequest& request) {
  head_bytes_ = text.size();
  ParseOutcome outcome = parse(text.substr(head_start_), limits_, request);
  framing_ = outcome.framing;
  if (outcome.refusal) return refuse(std::move(*outcome.refusal), used);
  restartHead();
  state_ = State::HeadRead;
  return {Status::HeadComplete, used};
}

RequestReader::Result RequestReader::readBody(std::string_view bytes, HttpRequest& request) {
  if (framing_.chunked) return readChunks(bytes, request);
  if (request.body.empty() && body_bytes_left_ <= kReserveBytesMax)
    request.body.reserve(static_cast<std::size_t>(body_bytes_left_));
  const std::size_t take =
      static_cast<std::size_t>(std::min<std::uint64_t>(body_bytes_left_, bytes.size()));
  request.body.append(bytes.substr(0, take));
  body_bytes_left_ -= take;
  body_bytes_received_ += take;
  return body_bytes_left_ == 0 ? complete(take) : Result{Status::NeedMore, take};
}

RequestReader::Result RequestReader::readChunks(std::string_view bytes, HttpRequest& request) {
  const auto [status, used] = chunks_.decode(bytes, request.body);
  body_bytes_received_ += used;
  switch (status) {
    case ChunkedDecoder::Status::NeedMore:
      return {Status::NeedMore, used};
    case ChunkedDecoder::Status::Done:
      return complete(used);
    case ChunkedDecoder::Status::TooLarge:
      return refuse(tooLarge(), used);
    case ChunkedDecoder::Status::Malformed:
      break;
  }
  return refuse(malformed("The chunked body is malformed."), used);
}

RequestReader::Result RequestReader::complete(std::size_t used) {
  state_ = State::Head;
  return {Status::Complete, used};
}

RequestReader::Result RequestReader::refuse(Error error, std::size_t used) {
  state_ = State::Refused;
  refusal_.emplace(std::move(error));
  return {Status::Refused, used};
}

RequestReader::Scan RequestReader::refuseScan(Error error) {
  refuse(std::move(error), 0);
  return Scan::Refused;
}

void RequestReader::restartHead() {
  std::string{}.swap(head_);
  head_start_ = line_start_ = scanned_ = 0;
  started_ = false;
}

}  // namespace bulkhead::host
