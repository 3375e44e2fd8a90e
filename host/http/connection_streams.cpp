// The streaming half of Connection: bodies that go to their handler, or come from it, piece by
// piece.
#include <sys/socket.h>
#include <utility>

#include "http/connection.hpp"

namespace bulkhead::host {
namespace {

/// What one look at a stream sends: other connections of the loop come between two.
constexpr std::size_t kPieceBytes = 64 * 1024;

}  // namespace

/// Appends what the stream has; true when the answer is complete, or will never be.
bool Connection::continueStream(Exchange& exchange, std::string& out) {
  if (!output_.empty()) return false;
  ByteStream& stream = *exchange.response_.stream;
  std::string& piece = loop_.piece();
  piece.clear();
  const std::size_t size = stream.take(piece, kPieceBytes);
  if (size > 0 && exchange.http_1_0_) out += piece;
  if (size > 0 && !exchange.http_1_0_) appendChunk(out, piece);
  exchange.bytes_out_ += size;
  const ByteStream::End end = stream.end();
  streams_on_ = end == ByteStream::End::None && size > 0;
  if (end == ByteStream::End::None) return false;
  exchange.broken_off_ = end == ByteStream::End::BrokenOff;
  if (!exchange.broken_off_ && !exchange.http_1_0_) out += kLastChunk;
  if (upload_ && upload_->exchange.get() == &exchange) {
    giveUpUpload();
    exchange.ends_connection_ = last_request_ = must_linger_ = true;
  }
  exchange.ends_connection_ |= exchange.close_after_ || exchange.broken_off_;
  last_request_ |= exchange.ends_connection_;
  resets_ = exchange.broken_off_ && exchange.http_1_0_;
  return true;
}

void Connection::flushAgain() {
  if (output_.empty() && !pending_.empty() && pending_.front()->head_sent_) flush();
}

void Connection::askStreamsToEnd() {
  for (const auto& exchange : pending_) {
    if (exchange->delivered_ && exchange->response_.stream) exchange->response_.stream->endSoon();
  }
}

void Connection::beginUpload() {
  upload_ = std::make_unique<Upload>();
  upload_->exchange = current_;
  upload_->stream = current_->openStream();
  current_->request().body_stream = upload_->stream;
  dispatch();
}

bool Connection::readUpload(std::string_view& bytes) {
  if (upload_->full || (bytes.empty() && reader_.framing().hasBody())) return false;
  const auto [status, used] = reader_.read(bytes, upload_->part);
  bytes.remove_prefix(used);
  std::string& part = upload_->part.body;
  upload_->full = !upload_->stream->put(part);
  upload_->full_since_us = loop_.now();
  part.clear();
  if (status == RequestReader::Status::Refused)
    failUpload(reader_.refusal(),
               rejectionOf(reader_.refusal().code()).value_or(Rejection::Malformed));
  if (status == RequestReader::Status::Complete) endUpload();
  return status == RequestReader::Status::Complete;
}

/// Called whenever something moved, which may have been the answer. Time in which the handler left
/// no room is not the client's.
void Connection::resumeUpload() {
  if (!upload_ || !upload_->full || !upload_->stream->hasRoom()) return;
  upload_->full = false;
  phase_since_us_ += loop_.now() - upload_->full_since_us;
  const std::string input = std::exchange(input_, {});
  consume(input);
}

void Connection::endUpload() {
  upload_->exchange->bytes_in_ = reader_.bodyBytesReceived();
  upload_->stream->finish();
  last_request_ = upload_->last_request;
  upload_.reset();
}

/// The body will not be whole. Its handler learns that; where it has not answered, the front does.
void Connection::failUpload(const Error& error, Rejection reason) {
  const std::shared_ptr<Exchange> exchange = upload_->exchange;
  giveUpUpload();
  loop_.counters().count(reason);
  exchange->close_after_ = last_request_ = must_linger_ = true;
  exchange->answered_by_front_ |= exchange->refuse(error);
}

void Connection::giveUpUpload() {
  if (!upload_) return;
  upload_->exchange->bytes_in_ = reader_.bodyBytesReceived();
  upload_->stream->breakOff();
  upload_.reset();
}

}  // namespace bulkhead::host
