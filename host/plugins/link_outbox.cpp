#include "plugins/link_outbox.hpp"

#include <algorithm>
#include <utility>

namespace bulkhead::host {
namespace {

/// What a buffer keeps when much has gone.
constexpr std::size_t kKeptBytes = std::size_t{1024} * 1024;

}  // namespace

void LinkOutbox::add(std::string_view frames, BytesApart apart) {
  buffer_.append(frames);
  size_ += frames.size() + apart.bytes.size();
  if (!apart.bytes.empty()) apart_.push_back({buffer_.size(), std::move(apart)});
}

std::size_t LinkOutbox::gather(iovec* parts, std::size_t most, std::size_t bytes_max) const {
  std::size_t count = 0;
  std::size_t at = buffer_gone_;
  std::size_t begun = apart_gone_;
  const auto add = [&](std::string_view bytes) {
    bytes = bytes.substr(0, bytes_max);
    if (bytes.empty()) return;
    parts[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
    bytes_max -= bytes.size();
  };
  for (std::size_t next = apart_next_; next < apart_.size(); ++next) {
    if (count + 2 > most || bytes_max == 0) return count;
    add(std::string_view{buffer_}.substr(at, apart_[next].at - at));
    at = apart_[next].at;
    add(apart_[next].bytes.bytes.substr(std::exchange(begun, 0)));
  }
  if (count < most) add(std::string_view{buffer_}.substr(at));
  return count;
}

void LinkOutbox::gone(std::size_t bytes, Owners& owners) {
  size_ -= bytes;
  while (apart_next_ < apart_.size()) {
    Apart& next = apart_[apart_next_];
    const std::size_t before = std::min(bytes, next.at - buffer_gone_);
    buffer_gone_ += before;
    bytes -= before;
    if (buffer_gone_ < next.at) return;
    const std::size_t part = std::min(bytes, next.bytes.bytes.size() - apart_gone_);
    apart_gone_ += part;
    bytes -= part;
    if (apart_gone_ < next.bytes.bytes.size()) return;
    owners.push_back(std::move(next.bytes.owner));
    ++apart_next_;
    apart_gone_ = 0;
  }
  buffer_gone_ += bytes;
}

void LinkOutbox::reset() {
  buffer_.clear();
  if (buffer_.capacity() > kKeptBytes) std::string{}.swap(buffer_);
  apart_.clear();
  buffer_gone_ = apart_next_ = apart_gone_ = size_ = 0;
}

}  // namespace bulkhead::host
