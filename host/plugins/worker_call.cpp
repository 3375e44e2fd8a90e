#include "plugins/worker_call.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "runtime/error_response.hpp"

namespace bulkhead::host {

void OpenStreams::add(std::uint64_t id, Both both) {
  const std::lock_guard lock{mutex_};
  streams_[id] = std::move(both);
}

void OpenStreams::remove(std::uint64_t id) {
  Both gone;  // outside the lock
  const std::lock_guard lock{mutex_};
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  gone = std::move(found->second);
  streams_.erase(found);
}

OpenStreams::Both OpenStreams::find(std::uint64_t id) const {
  const std::lock_guard lock{mutex_};
  const auto found = streams_.find(id);
  return found == streams_.end() ? Both{} : found->second;
}

WorkerCall::WorkerCall(WorkerParts parts, std::uint64_t id, CallMessage message,
                       std::shared_ptr<const RegisteredRoute> route)
    : HomeCall{std::move(route), message.deadline},
      parts_{std::move(parts)},
      id_{id},
      slot_{message.slot},
      request_{std::move(message.request)} {
  request_.link_call = id;
  if (this->route().contract.streams() != RouteStreams::None) openStreams(message.streams_body);
}

void WorkerCall::openStreams(bool streams_body) {
  OpenStreams::Both both;
  if (streams_body) {
    request_.body_stream = std::make_shared<ByteStream>(nullptr);
    both.request = std::make_shared<StreamReceiver>(parts_.link, id_, request_.body_stream);
    both.request->begin();
  }
  if (route().contract.streamsResponse()) {
    answer_stream_ = std::make_shared<ByteStream>(nullptr);
    both.answer = sender_ = std::make_shared<StreamSender>(
        parts_.link, id_, answer_stream_,
        [&streams = parts_.streams, id = id_] { streams.remove(id); });
  }
  parts_.streams.add(id_, std::move(both));
}

WorkerCall::~WorkerCall() {
  if (!streams_) parts_.streams.remove(id_);
  if (answered_) return;
  std::string frame;
  FrameWriter{frame, FrameType::Refused, id_}.finish();
  parts_.link->send(frame);
}

void WorkerCall::begin() {
  CallStageMark::watch(
      parts_.box.begin(slot_, id_, request_.method, route().path, request_.request_id));
}

bool WorkerCall::respond(HttpResponse response) {
  if (answered_.exchange(true)) return false;
  streams_ = response.stream != nullptr;
  if (!streams_) parts_.box.done(slot_);
  thread_local std::string frame;
  frame.clear();
  BytesApart apart;
  if (writeAnswerTo(frame, response) == BodyPlace::Apart) {
    const auto body = std::make_shared<const std::string>(std::move(response.body));
    apart = {*body, body};
  }
  const bool sent = parts_.link->sendPatiently(frame, std::move(apart));
  if (sent && streams_) sender_->begin();
  return sent;
}

/// Where the answer's body is now.
BodyPlace WorkerCall::writeAnswerTo(std::string& frame, HttpResponse& response) {
  const bool is_long = response.body.size() > Link::kApartBytes;
  const BodyPlace place = is_long ? BodyPlace::Apart : BodyPlace::InFrame;
  try {
    writeAnswer(frame, id_, response, streams_, place);
    return place;
  } catch (const std::length_error&) {
    const Error error = Error::app("INTERNAL_ERROR", "The answer is longer than an answer may be.");
    writeAnswer(frame, id_, errorResponse(error, contextOf(request_, parts_.development)), false);
    return BodyPlace::InFrame;
  }
}

bool WorkerCall::refuse(const Error& error) {
  return respond(errorResponse(error, contextOf(request_, parts_.development)));
}

}  // namespace bulkhead::host
