#include "plugins/worker_asks.hpp"

#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

/// What an answer that was given in time needs to come here.
constexpr std::chrono::milliseconds kAnswerPatience{100};

}  // namespace

HostAnswer WorkerAsks::ask(const HostAsk& ask) {
  Waiter waiter;
  auto answer = waiter.get_future();
  const std::uint64_t id = add(std::move(waiter));
  if (!send(id, ask)) {
    forget(id);
    throw Error::app("DRAINING", "The host is gone.").withRetryAfter(1);
  }
  if (answer.wait_until(ask.deadline + kAnswerPatience) == std::future_status::ready || !forget(id))
    return answer.get();
  std::string frame;
  FrameWriter{frame, FrameType::HostAskGivenUp, id}.finish();
  link_->send(frame);
  throw Error::app("DEADLINE_EXCEEDED", "The host did not answer the plugin in time.");
}

/// False when the link has ended.
bool WorkerAsks::send(std::uint64_t id, const HostAsk& ask) {
  const bool apart = ask.body.size() > Link::kApartBytes;
  std::string frame;
  try {
    writeHostAsk(frame, id, ask, apart ? BodyPlace::Apart : BodyPlace::InFrame);
  } catch (const std::length_error&) {
    forget(id);
    throw Error::validation("PAYLOAD_TOO_LARGE", "This is more than the host can be asked.");
  }
  if (!apart) return link_->sendPatiently(frame);
  const auto body = std::make_shared<const std::string>(ask.body);
  return link_->sendPatiently(frame, {*body, body});
}

std::uint64_t WorkerAsks::add(Waiter waiter) {
  const std::lock_guard lock{mutex_};
  if (waiters_.size() >= kWaitingMax) {
    throw Error::app("OVERLOADED", "The plugin asks too much of the host at once.")
        .withRetryAfter(1);
  }
  waiters_.emplace(++asked_, std::move(waiter));
  return asked_;
}

/// False when its answer has come.
bool WorkerAsks::forget(std::uint64_t id) {
  const std::lock_guard lock{mutex_};
  return waiters_.erase(id) > 0;
}

void WorkerAsks::take(const Frame& frame) {
  Waiter waiter;
  {
    const std::lock_guard lock{mutex_};
    const auto found = waiters_.find(frame.id);
    if (found == waiters_.end()) return;
    waiter = std::move(found->second);
    waiters_.erase(found);
  }
  if (frame.type == FrameType::HostReply) {
    waiter.set_value(readHostAnswer(frame.payload));
  } else {
    waiter.set_exception(std::make_exception_ptr(readError(frame.payload)));
  }
}

}  // namespace bulkhead::host
