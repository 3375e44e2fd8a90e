#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include <bulkhead/error.hpp>

#include "plugins/home_call.hpp"
#include "runtime/capability_caller.hpp"

namespace bulkhead::host {

/// One call of a capability on its way through its provider's compartment: bounded, admitted and
/// repeated there as every other request is.
class CapabilityExchange final : public HomeCall {
 public:
  /// `route` is what answers it; `safe` as its contract says.
  CapabilityExchange(std::shared_ptr<const RegisteredRoute> route, const CapabilityCall& call,
                     Time deadline, bool safe);
  /// Whoever watches is told nothing: it was given up.
  ~CapabilityExchange() override = default;

  void watch(std::unique_ptr<AnswerWatcher> watcher) override;
  HttpRequest& request() noexcept override { return request_; }
  bool isSafe() noexcept override { return safe_; }
  bool isAnswered() const noexcept override;
  bool respond(HttpResponse response) override;
  bool refuse(const Error& error) override;
  std::shared_ptr<ByteStream> openStream() override { return nullptr; }
  std::size_t heldBytes() const noexcept override { return request_.body.size(); }
  bool hold(std::size_t) override { return true; }

  /// What came: the provider's answer, a refusal of the host's, or nothing when the deadline or the
  /// caller's end was first. From then on nothing else is taken.
  struct Outcome {
    std::optional<HttpResponse> answer{};
    std::optional<Error> refusal{};
    bool given_up = false;
  };
  Outcome await(const std::stop_token& given_up);
  /// Tells whoever watches what to think of the provider.
  void judge(const HttpResponse& response) noexcept;
  /// Nothing can be said of it.
  void excuse() noexcept;

 private:
  bool take(Outcome outcome);

  HttpRequest request_;
  const bool safe_;
  mutable std::mutex mutex_;
  std::condition_variable_any came_;
  std::unique_ptr<AnswerWatcher> watcher_;
  Outcome outcome_;
  bool answered_ = false;
};

}  // namespace bulkhead::host
