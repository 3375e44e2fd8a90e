#include "http/output_buffer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <sys/uio.h>
#include <utility>

namespace bulkhead::host {
namespace {

constexpr std::size_t kJoinedBytesMax = 64 * 1024;
constexpr std::size_t kPiecesPerSend = 16;

}  // namespace

void OutputBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  if (!segments_.empty() && segments_.back().size() + bytes.size() <= kJoinedBytesMax) {
    segments_.back().append(bytes);
  } else {
    segments_.emplace_back(bytes);
  }
}

void OutputBuffer::append(std::string&& bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  segments_.push_back(std::move(bytes));
}

OutputBuffer::Progress OutputBuffer::flush(ClientSocket& socket) {
  while (!segments_.empty()) {
    std::array<iovec, kPiecesPerSend> pieces{};
    const std::size_t count = std::min(segments_.size(), pieces.size());
    std::size_t offered = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t skip = i == 0 ? sent_of_first_ : 0;
      pieces[i] = {segments_[i].data() + skip, segments_[i].size() - skip};
      offered += pieces[i].iov_len;
    }
    const ssize_t sent = socket.send(std::span{pieces}.first(count));
    if (sent < 0) return errno == EAGAIN || errno == EINTR ? Progress::Blocked : Progress::Broken;
    drop(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < offered) return Progress::Blocked;
  }
  return Progress::Done;
}

void OutputBuffer::drop(std::size_t bytes) {
  size_ -= bytes;
  bytes += sent_of_first_;
  std::size_t whole = 0;
  while (whole < segments_.size() && bytes >= segments_[whole].size())
    bytes -= segments_[whole++].size();
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(whole));
  sent_of_first_ = bytes;
  if (segments_.empty()) std::vector<std::string>{}.swap(segments_);
}

}  // namespace bulkhead::host
