#include "plugins/link_frame.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace bulkhead::host {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
/// What a buffer keeps when a long frame has gone.
constexpr std::size_t kKeptBytes = std::size_t{1024} * 1024;

bool maySend(LinkEnd sender, std::uint8_t type) {
  constexpr auto kNumber = [](FrameType one) { return static_cast<std::uint8_t>(one); };
  if (type >= kNumber(FrameType::Data) && type <= kNumber(FrameType::Credit)) return true;
  if (sender == LinkEnd::Host)
    return type >= kNumber(FrameType::Begin) && type <= kNumber(FrameType::HostFailure);
  return type >= kNumber(FrameType::Answer) && type <= kNumber(FrameType::Work);
}

template <class Integer>
Integer readAt(const char* from) {
  Integer value{};
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class Integer>
void append(std::string& out, Integer value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

}  // namespace

char* FrameReader::room(std::size_t& size) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ >= kReadBytes) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (buffer_.size() - end_ < kReadBytes) buffer_.resize(2 * (end_ + kReadBytes));
  size = buffer_.size() - end_;
  return buffer_.data() + end_;
}

void FrameReader::trim() {
  if (begin_ != end_ || buffer_.size() <= kKeptBytes) return;
  begin_ = end_ = 0;
  std::string{}.swap(buffer_);
}

std::optional<Frame> FrameReader::next() {
  if (end_ - begin_ < Frame::kHeadBytes) return std::nullopt;
  const char* const head = buffer_.data() + begin_;
  const auto size = readAt<std::uint32_t>(head);
  const auto type = readAt<std::uint8_t>(head + 4);
  if (size > Frame::kPayloadBytesMax) throw LinkError{"a frame is longer than a frame may be"};
  if (!maySend(sender_, type)) throw LinkError{"a frame is of no kind that may be sent"};
  if (head[5] != 0 || head[6] != 0 || head[7] != 0) throw LinkError{"a frame's head is malformed"};
  if (end_ - begin_ < Frame::kHeadBytes + size) return std::nullopt;
  begin_ += Frame::kHeadBytes + size;
  return Frame{static_cast<FrameType>(type),
               readAt<std::uint64_t>(head + 8),
               {head + Frame::kHeadBytes, size}};
}

FrameWriter::FrameWriter(std::string& out, FrameType type, std::uint64_t id)
    : out_{out}, begin_{out.size()} {
  append(out_, std::uint32_t{0});
  append(out_, static_cast<std::uint32_t>(type));  // and three zeros
  append(out_, id);
  static_assert(std::endian::native == std::endian::little);
}

FrameWriter& FrameWriter::number(std::uint64_t value) {
  append(out_, value);
  return *this;
}

FrameWriter& FrameWriter::real(double value) {
  append(out_, value);
  return *this;
}

FrameWriter& FrameWriter::text(std::string_view value) {
  append(out_, static_cast<std::uint32_t>(value.size()));
  return rest(value);
}

FrameWriter& FrameWriter::rest(std::string_view value) {
  out_.append(value);
  return *this;
}

void FrameWriter::finish(std::size_t apart) {
  const std::size_t size = out_.size() - begin_ - Frame::kHeadBytes + apart;
  if (size > Frame::kPayloadBytesMax) {
    out_.resize(begin_);
    throw std::length_error{"more than a frame holds"};
  }
  const auto length = static_cast<std::uint32_t>(size);
  std::memcpy(out_.data() + begin_, &length, sizeof length);
}

std::string_view FieldReader::take(std::size_t size) {
  if (size > left_.size()) throw LinkError{"a frame ends within a field"};
  const std::string_view taken = left_.substr(0, size);
  left_.remove_prefix(size);
  return taken;
}

std::uint64_t FieldReader::number() {
  return readAt<std::uint64_t>(take(sizeof(std::uint64_t)).data());
}

std::chrono::steady_clock::time_point FieldReader::time() {
  using Time = std::chrono::steady_clock::time_point;
  using std::chrono::microseconds;
  const auto first = std::chrono::ceil<microseconds>(Time::min().time_since_epoch());
  const auto last = std::chrono::floor<microseconds>(Time::max().time_since_epoch());
  return Time{std::clamp(microseconds{integer()}, first, last)};
}

std::uint64_t FieldReader::numberUpTo(std::uint64_t max) {
  const std::uint64_t value = number();
  if (value > max) throw LinkError{"a number in a frame is out of its range"};
  return value;
}

double FieldReader::real() {
  return readAt<double>(take(sizeof(double)).data());
}

std::string_view FieldReader::text() {
  return take(readAt<std::uint32_t>(take(sizeof(std::uint32_t)).data()));
}

std::string_view FieldReader::rest() {
  return std::exchange(left_, {});
}

void FieldReader::finish() const {
  if (!left_.empty()) throw LinkError{"a frame has more than its fields"};
}

}  // namespace bulkhead::host
