#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "runtime/plugin_home.hpp"

namespace bulkhead::host {

/// One call of a route that streams, as a client that reads all of the answer. The answer is asked
/// to end soon from its beginning, so that one without an end of its own ends at its first pause.
class StreamingCall {
 public:
  StreamingCall(PluginHome& home, const RegisteredRoute& route) : home_{home}, route_{route} {}

  /// An answer that was broken off has the status 0, and what came of it.
  HttpResponse send(HttpRequest request, std::chrono::steady_clock::time_point until);

 private:
  void onAnswer(HttpResponse response);
  void onChange();
  HttpResponse collect();

  PluginHome& home_;
  const RegisteredRoute& route_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool answered_ = false;
  bool moved_ = false;
  HttpResponse response_;
};

}  // namespace bulkhead::host
