// The deadlines of Connection: how long it may take for what it does, and what happens then.
#include <algorithm>
#include <chrono>
#include <vector>

#include "http/connection.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

std::int64_t microseconds(milliseconds duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

}  // namespace

std::int64_t Connection::dueTime() const {
  const FrontOptions& options = loop_.shared().options;
  if (lingering_) return phase_since_us_ + microseconds(options.linger);
  if (opening_) return openingDue();
  std::int64_t due = INT64_MAX;
  if (!output_.empty()) due = writeDue();
  if (!last_request_ && reader_.inHead()) due = std::min(due, headDue());
  if (upload_ || (!last_request_ && reader_.inBody())) due = std::min(due, bodyDue());
  for (const auto& exchange : pending_) {
    if (!exchange->answered())
      due = std::min(due, exchange->deadline_us_.load(std::memory_order_relaxed));
  }
  return due == INT64_MAX && pending_.empty() ? idleDue() : due;
}

std::int64_t Connection::idleDue() const {
  const FrontOptions& options = loop_.shared().options;
  const milliseconds timeout = loop_.shared().draining
                                   ? std::min(options.idle_timeout, options.linger)
                                   : options.idle_timeout;
  return standing_since_us_ + microseconds(timeout);
}

std::int64_t Connection::headDue() const {
  return std::min(phase_since_us_ + microseconds(loop_.shared().options.head_deadline),
                  endingDue());
}

/// Who has sent half a request does not keep a stopping host: it gets `linger` for the rest.
std::int64_t Connection::endingDue() const {
  if (loop_.endingSince() == 0) return INT64_MAX;
  return std::max(phase_since_us_, loop_.endingSince()) +
         microseconds(loop_.shared().options.linger);
}

/// The whole body by its deadline, and each moment at least the minimum rate since its start.
std::int64_t Connection::bodyDue() const {
  const FrontOptions& options = loop_.shared().options;
  const auto earned_us = static_cast<std::int64_t>(reader_.bodyBytesReceived() * 1'000'000 /
                                                   options.body_rate_min_bytes_per_s);
  const std::int64_t by_rate = microseconds(options.body_grace) + earned_us;
  if (upload_) return upload_->full ? INT64_MAX : std::min(phase_since_us_ + by_rate, endingDue());
  return std::min(phase_since_us_ + std::min(by_rate, microseconds(options.body_deadline)),
                  endingDue());
}

/// Some progress within each stall time, and at least the minimum rate since the start.
std::int64_t Connection::writeDue() const {
  const FrontOptions& options = loop_.shared().options;
  const std::int64_t stall_us = microseconds(options.write_stall);
  const auto earned_us =
      static_cast<std::int64_t>(write_bytes_ * 1'000'000 / options.write_rate_min_bytes_per_s);
  return std::min(write_progress_us_ + stall_us, write_since_us_ + stall_us + earned_us);
}

void Connection::onTimer() {
  if (isClosed()) return;
  const bool unattended = lingering_ || standing_ == EventLoop::Standing::Idle;
  if (opening_) {
    expireOpening();
  } else if (!unattended) {
    expire();
  } else if (dueTime() <= loop_.now()) {
    close();
  }
  settle();
}

void Connection::expire() {
  if (!output_.empty() && writeDue() <= loop_.now()) {
    loop_.counters().count(Rejection::WriteStall);
    close();
    return;
  }
  expireReading();
  expireAnswers();
}

void Connection::expireReading() {
  if (last_request_ && !upload_) return;
  const bool head_late = reader_.inHead() && headDue() <= loop_.now();
  const bool body_late = reader_.inBody() && !held_ && bodyDue() <= loop_.now();
  if (!head_late && !body_late) return;
  if (upload_) {
    failUpload(Error::validation("REQUEST_TIMEOUT", "The body came too slowly."),
               Rejection::BodyTimeout);
    return;
  }
  if (endingDue() <= loop_.now()) {
    refuse(Error::app("DRAINING", "The host is stopping.").withRetryAfter(5), Rejection::Draining);
    return;
  }
  refuse(Error::validation("REQUEST_TIMEOUT", head_late ? "The header section came too slowly."
                                                        : "The body came too slowly."),
         head_late ? Rejection::HeadTimeout : Rejection::BodyTimeout);
}

void Connection::expireAnswers() {
  for (const auto& exchange : std::vector{pending_}) {
    if (exchange->deadline_us_.load(std::memory_order_relaxed) > loop_.now()) continue;
    if (!exchange->refuse(Error::app("DEADLINE_EXCEEDED", "The answer took too long."))) continue;
    exchange->answered_by_front_ = true;
    loop_.counters().count(Rejection::Deadline);
  }
}

}  // namespace bulkhead::host
