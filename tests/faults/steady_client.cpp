#include "steady_client.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace bulkhead::integration {

using std::chrono::milliseconds;

SteadyClient::SteadyClient(HttpClient client, std::string path)
    : client_{std::move(client)}, path_{std::move(path)}, thread_{[this] { ask(); }} {}

SteadyClient::~SteadyClient() {
  end();
}

void SteadyClient::ask() {
  auto last = std::chrono::steady_clock::now();
  while (!ended_) {
    const HttpAnswer answer = client_.get(path_);
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock{mutex_};
    if (answer.status == 200) {
      longest_gap_ = std::max(longest_gap_, std::chrono::duration_cast<milliseconds>(now - last));
      last = now;
      ++answered_;
    } else {
      ++failed_;
      if (first_failure_.empty())
        first_failure_ = fmt::format("{} {}{}", answer.status, answer.body, answer.fault);
    }
  }
}

milliseconds SteadyClient::longestGap() const {
  const std::lock_guard lock{mutex_};
  return longest_gap_;
}

std::string SteadyClient::firstFailure() const {
  const std::lock_guard lock{mutex_};
  return first_failure_;
}

bool SteadyClient::awaitMore(std::size_t answers, milliseconds patience) const {
  const std::size_t before = answered_;
  return await([&] { return answered_ >= before + answers; }, patience);
}

void SteadyClient::end() {
  ended_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace bulkhead::integration
