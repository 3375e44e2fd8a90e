#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "plugins/black_box.hpp"
#include "plugins/home_call.hpp"
#include "plugins/link.hpp"
#include "plugins/link_message.hpp"
#include "plugins/link_stream.hpp"

namespace bulkhead::host {

/// The bodies that stream between a worker and the host at this moment, by their call. Thread-safe.
class OpenStreams {
 public:
  struct Both {
    std::shared_ptr<StreamReceiver> request;  ///< null when the body came whole
    std::shared_ptr<StreamSender> answer;     ///< null when the answer will be whole
  };

  void add(std::uint64_t id, Both both);
  void remove(std::uint64_t id);
  /// Both null for a call that has none, or none any more.
  Both find(std::uint64_t id) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Both> streams_;
};

/// What calls of a worker stand on.
struct WorkerParts {
  std::shared_ptr<Link> link;
  BlackBox& box;
  OpenStreams& streams;
  bool development = false;
};

/// A call that came over the link, in the worker.
class WorkerCall final : public HomeCall {
 public:
  WorkerCall(WorkerParts parts, std::uint64_t id, CallMessage message,
             std::shared_ptr<const RegisteredRoute> route);
  /// One that nobody began is refused.
  ~WorkerCall() override;

  /// Nobody watches in the worker.
  void watch(std::unique_ptr<AnswerWatcher>) override {}
  void begin() override;
  HttpRequest& request() noexcept override { return request_; }
  bool isAnswered() const noexcept override { return answered_; }
  bool respond(HttpResponse response) override;
  bool refuse(const Error& error) override;
  std::shared_ptr<ByteStream> openStream() override { return answer_stream_; }
  std::size_t heldBytes() const noexcept override { return request_.body.size(); }
  bool hold(std::size_t) override { return true; }

 private:
  void openStreams(bool streams_body);
  BodyPlace writeAnswerTo(std::string& frame, HttpResponse& response);

  const WorkerParts parts_;
  const std::uint64_t id_;
  const std::uint32_t slot_;
  HttpRequest request_;
  std::shared_ptr<ByteStream> answer_stream_;
  std::shared_ptr<StreamSender> sender_;
  std::atomic<bool> answered_{false};
  std::atomic<bool> streams_{false};  ///< its answer does
};

}  // namespace bulkhead::host
