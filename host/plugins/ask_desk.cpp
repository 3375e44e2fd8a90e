#include "plugins/ask_desk.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>

namespace bulkhead::host {

struct AskDesk::Shared {
  std::shared_ptr<Link> link;
  Work work;
  std::mutex mutex;
  std::map<std::uint64_t, std::stop_source> asks;
  std::size_t bytes = 0;
  bool ended = false;

  /// Its place, unless there is none.
  std::optional<std::stop_token> enter(std::uint64_t id, std::size_t size) {
    const std::lock_guard lock{mutex};
    if (asks.contains(id)) throw LinkError{"something is asked twice at the same time"};
    if (ended || asks.size() >= kAsksMax || bytes + size > kBytesMax) return std::nullopt;
    bytes += size;
    return asks[id].get_token();
  }

  /// False when nobody waits for its answer any more.
  bool leave(std::uint64_t id, std::size_t size) {
    const std::lock_guard lock{mutex};
    bytes -= size;
    const auto found = asks.find(id);
    const bool wanted = !found->second.stop_requested();
    asks.erase(found);
    return wanted && !ended;
  }

  /// Asks that are given up keep their places until their work has returned.
  void giveUp(std::uint64_t id) {
    std::stop_source source{std::nostopstate};
    {
      const std::lock_guard lock{mutex};
      const auto found = asks.find(id);
      if (found == asks.end()) return;  // it was answered meanwhile
      source = found->second;
    }
    source.request_stop();
  }

  void send(HostAnswer answer, std::uint64_t id) const {
    const bool apart = answer.body.size() > Link::kApartBytes;
    std::string frame;
    writeHostAnswer(frame, id, answer, apart ? BodyPlace::Apart : BodyPlace::InFrame);
    if (!apart) {
      link->sendPatiently(frame);
      return;
    }
    const auto body = std::make_shared<const std::string>(std::move(answer.body));
    link->sendPatiently(frame, {*body, body});
  }

  void sendFailure(const Error& error, std::uint64_t id) const {
    std::string frame;
    writeError(frame, FrameType::HostFailure, id, error);
    link->sendPatiently(frame);
  }

  void answer(std::uint64_t id, const std::string& payload, const std::stop_token& given_up,
              bool expired) {
    std::optional<Error> failure;
    HostAnswer answer;
    if (expired) {
      failure = Error::app("DEADLINE_EXCEEDED", "The host had no thread for it in time.");
    } else if (!given_up.stop_requested()) {
      try {
        answer = work(readHostAsk(payload), given_up);
      } catch (const Error& error) {
        failure = error;
      } catch (const std::exception& error) {
        failure = Error::app("INTERNAL_ERROR", error.what());
      }
    }
    if (!leave(id, payload.size())) return;
    try {
      if (failure) return sendFailure(*failure, id);
      send(std::move(answer), id);
    } catch (const std::exception&) {
      sendFailure(Error::app("INTERNAL_ERROR", "The answer is longer than an answer may be."), id);
    }
  }
};

AskDesk::AskDesk(std::string name, std::shared_ptr<Link> link, std::size_t threads, Work work)
    : shared_{std::make_shared<Shared>()},
      lane_{std::make_unique<Lane>(std::move(name),
                                   LaneLimits{.threads = threads, .queue = kAsksMax})} {
  shared_->link = std::move(link);
  shared_->work = std::move(work);
}

/// Nobody waits for what is being worked on, and the lane's end would.
AskDesk::~AskDesk() {
  end();
  try {
    std::thread{[lane = std::move(lane_)] {}}.detach();
  } catch (const std::system_error&) {  // no thread to be had: it is waited for here
  }
}

void AskDesk::setThreads(std::size_t threads) {
  lane_->setLimits({.threads = threads, .queue = kAsksMax});
}

void AskDesk::take(const Frame& frame) {
  if (frame.type == FrameType::HostAskGivenUp) return shared_->giveUp(frame.id);
  const Lane::Time deadline = readHostAsk(frame.payload).deadline;
  const auto given_up = shared_->enter(frame.id, frame.payload.size());
  if (!given_up) return refuse(frame.id);
  const auto task = [shared = shared_, id = frame.id, payload = std::string{frame.payload},
                     given_up = *given_up](bool expired) {
    shared->answer(id, payload, given_up, expired);
  };
  if (lane_->submit(task, deadline)) return;
  shared_->leave(frame.id, frame.payload.size());
  refuse(frame.id);
}

void AskDesk::refuse(std::uint64_t id) {
  if (shared_->link->backlog() > kBytesMax)
    throw LinkError{"it asks without end and does not read what it is answered"};
  std::string frame;
  writeError(
      frame, FrameType::HostFailure, id,
      Error::app("OVERLOADED", "The plugin asks too much of the host at once.").withRetryAfter(1));
  shared_->link->send(frame);
}

void AskDesk::end() noexcept {
  std::vector<std::stop_source> sources;
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->ended = true;
    for (const auto& [id, source] : shared_->asks) sources.push_back(source);
  }
  for (auto& source : sources) source.request_stop();
}

}  // namespace bulkhead::host
