#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include <bulkhead/error.hpp>

#include "plugins/home_call.hpp"

namespace bulkhead::host {

/// What the host asks of a plugin's messages, or one message on its way to its handler, as it goes
/// through the plugin's compartment.
class MessageCall final : public HomeCall {
 public:
  /// One of both is there, or neither: the call was given up, or nobody has begun it.
  struct Outcome {
    std::optional<HttpResponse> answer{};
    std::optional<Error> refusal{};
    unsigned deaths = 0;   ///< that it cost
    bool overrun = false;  ///< it was given up
  };
  /// Told once, from any thread.
  using Done = std::function<void(Outcome)>;

  MessageCall(std::shared_ptr<const RegisteredRoute> route, Time deadline, HttpRequest request,
              Done done);
  ~MessageCall() override;

  void watch(std::unique_ptr<AnswerWatcher> watcher) override;
  HttpRequest& request() noexcept override { return request_; }
  /// It may be begun once more: what it does is written down in one transaction, or may happen
  /// twice by its nature. A job has a lease, which is taken back first.
  bool isSafe() noexcept override { return route().kind != EntryKind::Job; }
  bool isAnswered() const noexcept override;
  bool respond(HttpResponse response) override;
  bool refuse(const Error& error) override;
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return request_.body.size(); }
  bool hold(std::size_t) override { return true; }
  /// Nobody waits any more.
  void giveUp();

 private:
  bool finish(Outcome outcome, const HttpResponse* judged);

  HttpRequest request_;
  mutable std::mutex mutex_;
  std::unique_ptr<AnswerWatcher> watcher_;
  Done done_;
};

}  // namespace bulkhead::host
