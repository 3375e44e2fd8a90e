#include "plugins/link_stream.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace bulkhead::host {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;
/// Less credit than this is not worth a frame.
constexpr std::size_t kCreditBytes = kStreamWindowBytes / 4;

}  // namespace

void StreamSender::begin() {
  stream_->watch([self = weak_from_this()] {
    if (const auto sender = self.lock()) sender->pump();
  });
  pump();
}

void StreamSender::credit(std::uint64_t bytes) {
  {
    const std::lock_guard lock{mutex_};
    if (bytes > kStreamWindowBytes - std::min(credit_, kStreamWindowBytes))
      throw LinkError{"more credit than a stream has"};
    credit_ += bytes;
  }
  pump();
}

void StreamSender::pump() {
  bool over = false;
  {
    std::string frames;
    const std::lock_guard lock{mutex_};
    if (ended_) return;
    for (std::string bytes; credit_ > 0; bytes.clear()) {
      if (stream_->pull(bytes, std::min(credit_, kChunkBytes)) == 0) break;
      credit_ -= bytes.size();
      writeData(frames, id_, bytes);
    }
    const ByteStream::End end = stream_->end();
    over = end != ByteStream::End::None;
    if (over)
      finish(frames, end == ByteStream::End::Finished ? StreamEnd::Finished : StreamEnd::BrokenOff);
    if (!frames.empty()) link_->send(frames);
  }
  if (over && over_) over_();
}

void StreamSender::finish(std::string& frames, StreamEnd end) {
  ended_ = true;
  writeEnd(frames, id_, end);
}

void StreamSender::take(StreamEnd end) {
  if (end == StreamEnd::WantedSoon) {
    stream_->endSoon();
    return;
  }
  {
    const std::lock_guard lock{mutex_};
    if (ended_) return;
    std::string frames;
    finish(frames, StreamEnd::BrokenOff);
    link_->send(frames);
  }
  stream_->breakOff();
  if (over_) over_();
}

void StreamReceiver::begin() {
  stream_->watch([self = weak_from_this()] {
    if (const auto receiver = self.lock()) receiver->look();
  });
  look();
}

void StreamReceiver::take(std::string_view bytes) {
  {
    const std::lock_guard lock{mutex_};
    if (bytes.size() > promised_) throw LinkError{"more bytes of a stream than it has credit for"};
    if (ended_) return;
  }
  stream_->push(bytes);  // counted twice for a moment, and never too little
  {
    const std::lock_guard lock{mutex_};
    promised_ -= bytes.size();
  }
  look();
}

void StreamReceiver::take(StreamEnd end) {
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(ended_, true)) return;
  }
  stream_->finish(end == StreamEnd::Finished ? ByteStream::End::Finished
                                             : ByteStream::End::BrokenOff);
}

/// The reader took some, or has gone.
void StreamReceiver::look() {
  std::string frames;
  const std::lock_guard lock{mutex_};
  if (ended_) return;
  if (stream_->end() == ByteStream::End::BrokenOff) {
    ended_ = true;
    writeEnd(frames, id_, StreamEnd::BrokenOff);
  } else {
    if (!told_soon_ && stream_->wantsEnd()) {
      told_soon_ = true;
      writeEnd(frames, id_, StreamEnd::WantedSoon);
    }
    const std::size_t used = promised_ + stream_->size();
    const std::size_t free = kStreamWindowBytes - std::min(used, kStreamWindowBytes);
    if (free >= kCreditBytes) {
      promised_ += free;
      writeCredit(frames, id_, free);
    }
  }
  if (!frames.empty()) link_->send(frames);
}

}  // namespace bulkhead::host
