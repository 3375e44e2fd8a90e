#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/outbound.hpp>

namespace bulkhead::testing {

/// A whole answer of that status: 2xx is Ok, anything else HttpError.
OutboundAnswer httpAnswer(int status, std::string_view body = {},
                          std::vector<std::pair<std::string, std::string>> headers = {});
/// No whole answer, for that reason.
OutboundAnswer httpFailure(Outcome outcome, std::string_view code);

/// The world outside of a TestHost: keeps what the plugin sent, and answers as the test says. What
/// nobody answers is NotSent, NAME_NOT_FOUND. Thread-safe.
class FakeWire {
 public:
  using Service = std::function<OutboundAnswer(const OutboundRequest&)>;

  FakeWire();
  ~FakeWire();
  FakeWire(const FakeWire&) = delete;
  FakeWire& operator=(const FakeWire&) = delete;

  /// The answer to the next request, before any service is asked; several wait in their order.
  void answerNext(OutboundAnswer answer);
  /// Answers all requests whose URL begins so; of several the longest.
  void serve(std::string url_prefix, Service service);
  /// What was sent so far.
  std::vector<OutboundRequest> sent() const;

  /// Sends a request as the plugin would.
  OutboundAnswer send(const OutboundRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::testing
