#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bulkhead::testing {

/// The other plugins, as a test wants them: who answers the plugin's calls of capabilities, and its
/// asks. A call that nobody was told to answer is CAPABILITY_UNAVAILABLE, an ask has its fall-back,
/// and both sides are held to the contract as in production. Thread-safe.
class FakeCapabilities {
 public:
  /// Gives the answer to a request, both JSON text; what it throws (bulkhead::Error) is the
  /// refusal.
  using Answer = std::function<std::string(std::string_view request)>;

  /// From now on `call`, or the ask of that name, of `capability` ("payments/1") is answered so.
  void answer(std::string_view capability, std::string_view call, Answer answer) {
    const std::lock_guard lock{mutex_};
    answers_[{std::string{capability}, std::string{call}}] = std::move(answer);
  }
  /// Nobody provides anything any more.
  void close() {
    const std::lock_guard lock{mutex_};
    answers_.clear();
  }
  /// What the plugin has asked of that call, in its order.
  std::vector<std::string> requests(std::string_view capability, std::string_view call) const {
    const std::lock_guard lock{mutex_};
    const auto found = requests_.find({std::string{capability}, std::string{call}});
    return found == requests_.end() ? std::vector<std::string>{} : found->second;
  }

  /// For the test host: what answers a call, or nothing; the request is kept.
  Answer take(std::string_view capability, std::string_view call, std::string_view request) {
    const std::lock_guard lock{mutex_};
    const Key key{capability, call};
    requests_[key].emplace_back(request);
    const auto found = answers_.find(key);
    return found == answers_.end() ? Answer{} : found->second;
  }

 private:
  using Key = std::pair<std::string, std::string>;

  mutable std::mutex mutex_;
  std::map<Key, Answer> answers_;
  std::map<Key, std::vector<std::string>> requests_;
};

}  // namespace bulkhead::testing
