// What comes over the link, on the reader's thread.
#include <cmath>
#include <fmt/format.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "plugins/link_records.hpp"
#include "plugins/worker_home.hpp"
#include "runtime/host_table.hpp"

namespace bulkhead::host {
namespace {

constexpr std::chrono::milliseconds kReleasePatience{1'000};

std::vector<std::string_view> bounded(const std::vector<std::string_view>& labels) {
  std::vector<std::string_view> short_ones;
  short_ones.reserve(labels.size());
  for (const auto label : labels) short_ones.push_back(label.substr(0, kLabelBytesMax));
  return short_ones;
}

}  // namespace

void WorkerHome::read() {
  std::string problem;
  try {
    link_->read([this](const Frame& frame) { take(frame); });
  } catch (const LinkError& error) {
    problem = fmt::format("spoke nonsense to the host: {}", error.what());
  } catch (const std::exception& error) {
    problem = fmt::format("could not be understood: {}", error.what());
  }
  link_->end();
  finish(std::move(problem));
}

void WorkerHome::take(const Frame& frame) {
  switch (frame.type) {
    case FrameType::Answer:
      takeAnswer(frame);
      return;
    case FrameType::Refused:
      if (const auto entry = held_->remove(frame.id)) {
        entry.call->refuse(
            Error::app("OVERLOADED",
                       fmt::format("The service '{}' could not begin it in time.", order_.plugin))
                .withRetryAfter(1));
      }
      return;
    case FrameType::Reply:
    case FrameType::Failure:
      takeReply(frame);
      return;
    case FrameType::Log: {
      const LogLine line = readLogLine(frame.payload);
      services_.log.write(order_.plugin, line.level, line.message, line.fields, line.trace);
      return;
    }
    case FrameType::Records:
      takeRecords(frame.payload);
      return;
    case FrameType::HostAsk:
    case FrameType::HostAskGivenUp:
      desk_->take(frame);
      return;
    case FrameType::Work:
      if (services_.bell != nullptr) services_.bell->ring(order_.plugin);
      return;
    default:
      takeStreaming(frame);
  }
}

void WorkerHome::takeAnswer(const Frame& frame) {
  AnswerMessage answer = readAnswer(frame.payload);
  const auto held = held_->find(frame.id);
  if (!held || held.answer) throw LinkError{"an answer is to no call, or the second to one"};
  if (!answer.streams) {
    held_->remove(frame.id);
    held.call->respond(std::move(answer.response));
    return;
  }
  if (!held.call->route().contract.streamsResponse())
    throw LinkError{"an answer streams whose route does not"};
  const auto stream = held.call->openStream();
  const auto receiver = std::make_shared<StreamReceiver>(link_, frame.id, stream);
  held_->setStreams(frame.id, nullptr, receiver);
  receiver->begin();
  answer.response.stream = stream;
  if (!held.call->respond(std::move(answer.response))) stream->breakOff();
}

void WorkerHome::takeStreaming(const Frame& frame) {
  const auto held = held_->find(frame.id);
  switch (frame.type) {
    case FrameType::Data:
      if (held.answer) held.answer->take(frame.payload);
      return;
    case FrameType::Credit:
      if (held.request) held.request->credit(readCredit(frame.payload));
      return;
    default: {
      const StreamEnd end = readEnd(frame.payload);
      if (!held.answer || end == StreamEnd::WantedSoon) return;
      held_->remove(frame.id);
      held.answer->take(end);
    }
  }
}

void WorkerHome::takeReply(const Frame& frame) {
  std::promise<std::string> waiter;
  {
    const std::lock_guard lock{mutex_};
    const auto found = waiters_.find(frame.id);
    if (found == waiters_.end()) return;  // nobody waits any more
    waiter = std::move(found->second);
    waiters_.erase(found);
  }
  if (frame.type == FrameType::Reply) {
    waiter.set_value(std::string{frame.payload});
  } else {
    waiter.set_exception(std::make_exception_ptr(readError(frame.payload)));
  }
}

void WorkerHome::takeRecords(std::string_view payload) const {
  readRecords(
      payload,
      {[&](std::uint32_t metric, const std::vector<std::string_view>& labels, double value) {
         const std::lock_guard lock{mutex_};
         if (!created_) return;
         if (metric >= metrics_.size()) throw LinkError{"a record is of no metric"};
         const bool counter = registration_.metrics[metric].kind == "counter";
         if (!std::isfinite(value) || (counter && value < 0)) return;
         try {
           services_.metrics.record(metrics_[metric], bounded(labels), value);
         } catch (const Error&) {  // labels that it never declared: not worth its life
         }
       },
       [&](std::string_view sql, std::chrono::microseconds duration, bool failed) {
         if (services_.on_statement) services_.on_statement(sql, duration, failed);
       },
       [&](std::size_t values) {
         if (values > 0) services_.metrics.countSanitized(order_.plugin, values);
       }});
}

/// Nobody waits for its answer.
void WorkerHome::tell(const Ask& ask) {
  std::string frame;
  writeAsk(frame, 0, ask);
  if (link_) link_->send(frame);
}

void WorkerHome::releaseJobs() noexcept {
  try {
    if (held_->load(*box_).jobs.running == 0) return;
    const Time until = std::chrono::steady_clock::now() + kReleasePatience;
    request({AskKind::ReleaseJobs, 0, until, {}}, until);
  } catch (const std::exception&) {  // their leases end by themselves
  }
}

}  // namespace bulkhead::host
