#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <bulkhead/error.hpp>

#include "runtime/answer_watcher.hpp"
#include "runtime/byte_stream.hpp"
#include "runtime/message.hpp"
#include "runtime/registration.hpp"

namespace bulkhead::host {

/// One request on its way into a plugin's home, and its answer's way back. Shared by who asks and
/// the home, which may be asked again when a call was not begun.
class HomeCall {
 public:
  using Time = std::chrono::steady_clock::time_point;

  HomeCall(std::shared_ptr<const RegisteredRoute> route, Time deadline)
      : route_{std::move(route)}, deadline_{deadline} {}
  virtual ~HomeCall() = default;
  HomeCall(const HomeCall&) = delete;
  HomeCall& operator=(const HomeCall&) = delete;

  const RegisteredRoute& route() const noexcept { return *route_; }
  /// To the route of another generation that is the same. Only while it is in no home.
  void rebind(std::shared_ptr<const RegisteredRoute> route) { route_ = std::move(route); }
  /// Until then somebody waits for the answer, or for its beginning when it streams.
  Time deadline() const noexcept { return deadline_; }

  /// A worker died of it, or may have; how often that was by now.
  unsigned addDeath() noexcept { return ++deaths_; }
  unsigned deaths() const noexcept { return deaths_; }

  /// Tells it of the answer. Only while it is in no home.
  virtual void watch(std::unique_ptr<AnswerWatcher> watcher) = 0;
  /// Somebody begins to work on it, on this thread.
  virtual void begin() {}
  /// True when it changes nothing, so that it may be begun once more.
  virtual bool isSafe() noexcept {
    const std::string& method = request().method;
    return method == "GET" || method == "HEAD";
  }
  /// Admitted and routed; the home may change what a handler is given of it.
  virtual HttpRequest& request() noexcept = 0;
  /// True when nobody waits for the answer any more.
  virtual bool isAnswered() const noexcept = 0;
  /// Answers, from any thread; false when it comes too late. Only the first one counts.
  virtual bool respond(HttpResponse response) = 0;
  virtual bool refuse(const Error& error) = 0;
  /// The stream of an answer, before it.
  virtual std::shared_ptr<ByteStream> openStream() = 0;
  /// Bytes that the request holds in memory, and room for more; false when there is none.
  virtual std::size_t heldBytes() const noexcept = 0;
  virtual bool hold(std::size_t bytes) = 0;

 private:
  std::shared_ptr<const RegisteredRoute> route_;
  const Time deadline_;
  std::atomic<unsigned> deaths_{0};
};

/// What is done to bodies on their way in and out, on the home's threads: it is work, so no event
/// loop does it.
struct BodyWork {
  /// Decodes the body of a request that came coded. Throws Error.
  void (*decode)(HomeCall& call);
  /// The plugin's answer as this client takes it.
  HttpResponse (*finish)(const HttpRequest& request, HttpResponse response);
};

}  // namespace bulkhead::host
