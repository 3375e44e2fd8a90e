#include "verify/streaming_call.hpp"

#include <memory>
#include <thread>
#include <utility>

namespace bulkhead::host {

HttpResponse StreamingCall::send(HttpRequest request, std::chrono::steady_clock::time_point until) {
  if (route_.contract.streamsRequest()) {
    request.body_stream = std::make_shared<ByteStream>(nullptr);
    request.body_stream->put(request.body);
    request.body_stream->finish();
    request.body.clear();
  }
  const AnswerOutlet outlet{[this] {
                              auto stream = std::make_shared<ByteStream>([this] { onChange(); });
                              stream->endSoon();
                              return stream;
                            },
                            [this](HttpResponse response) {
                              onAnswer(std::move(response));
                              return true;
                            }};
  const std::jthread handler{[&] { home_.handleStreams(route_, request, until, outlet); }};
  return collect();
}

void StreamingCall::onAnswer(HttpResponse response) {
  const std::lock_guard lock{mutex_};
  response_ = std::move(response);
  answered_ = true;
  changed_.notify_all();
}

void StreamingCall::onChange() {
  const std::lock_guard lock{mutex_};
  moved_ = true;
  changed_.notify_all();
}

HttpResponse StreamingCall::collect() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return answered_; });
  if (!response_.stream) return std::move(response_);
  ByteStream& stream = *response_.stream;
  for (;;) {
    lock.unlock();
    const bool none = stream.take(response_.body, ByteStream::kRoomBytes) == 0;
    const ByteStream::End end = stream.end();
    lock.lock();
    if (end == ByteStream::End::BrokenOff) response_.status = 0;
    if (end != ByteStream::End::None) return std::move(response_);
    if (none) changed_.wait(lock, [&] { return std::exchange(moved_, false); });
  }
}

}  // namespace bulkhead::host
