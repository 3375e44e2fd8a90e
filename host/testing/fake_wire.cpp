#include <deque>
#include <map>
#include <mutex>

#include <bulkhead/testing/fake_wire.hpp>

namespace bulkhead::testing {

OutboundAnswer httpAnswer(int status, std::string_view body,
                          std::vector<std::pair<std::string, std::string>> headers) {
  OutboundAnswer answer;
  answer.outcome = status >= 200 && status < 300 ? Outcome::Ok : Outcome::HttpError;
  answer.status = status;
  answer.body = body;
  answer.headers = std::move(headers);
  answer.attempts = 1;
  return answer;
}

OutboundAnswer httpFailure(Outcome outcome, std::string_view code) {
  OutboundAnswer answer;
  answer.outcome = outcome;
  answer.code = code;
  answer.message = "The test says so.";
  answer.attempts = outcome == Outcome::Ambiguous ? 1 : 0;
  return answer;
}

struct FakeWire::State {
  std::mutex mutex;
  std::deque<OutboundAnswer> next;
  std::map<std::string, Service> services;
  std::vector<OutboundRequest> sent;

  /// Of the services that fit the longest, which is the last of them.
  Service serviceFor(const std::string& url) const {
    Service found;
    for (const auto& [prefix, service] : services) {
      if (url.starts_with(prefix)) found = service;
    }
    return found;
  }
};

FakeWire::FakeWire() : state_{std::make_unique<State>()} {}
FakeWire::~FakeWire() = default;

void FakeWire::answerNext(OutboundAnswer answer) {
  const std::lock_guard lock{state_->mutex};
  state_->next.push_back(std::move(answer));
}

void FakeWire::serve(std::string url_prefix, Service service) {
  const std::lock_guard lock{state_->mutex};
  state_->services[std::move(url_prefix)] = std::move(service);
}

std::vector<OutboundRequest> FakeWire::sent() const {
  const std::lock_guard lock{state_->mutex};
  return state_->sent;
}

OutboundAnswer FakeWire::send(const OutboundRequest& request) {
  Service service;
  {
    const std::lock_guard lock{state_->mutex};
    state_->sent.push_back(request);
    if (!state_->next.empty()) {
      OutboundAnswer answer = std::move(state_->next.front());
      state_->next.pop_front();
      return answer;
    }
    service = state_->serviceFor(request.url);
  }
  return service ? service(request) : httpFailure(Outcome::NotSent, "NAME_NOT_FOUND");
}

}  // namespace bulkhead::testing
