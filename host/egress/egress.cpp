#include "egress/egress.hpp"

#include <chrono>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <utility>

#include "egress/outbound_loop.hpp"

namespace bulkhead::host::egress {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A caller's wait ends so long after its deadline when the loop itself is held up.
constexpr std::chrono::milliseconds kPatience{50};

void requireCaFile(const std::filesystem::path& file) {
  std::error_code error;
  if (file.empty() || std::filesystem::is_regular_file(file, error)) return;
  throw Error::configuration("EGRESS_CA_FILE",
                             fmt::format("egress.ca_file {} is no file.", file.string()));
}

/// Where a waiting caller's answer arrives, however late.
class Letterbox {
 public:
  void put(OutboundAnswer answer) {
    const std::lock_guard lock{mutex_};
    answer_ = std::move(answer);
    arrived_.notify_all();
  }
  std::optional<OutboundAnswer> awaitUntil(SteadyClock::time_point deadline) {
    std::unique_lock lock{mutex_};
    arrived_.wait_until(lock, deadline, [this] { return answer_.has_value(); });
    return std::exchange(answer_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<OutboundAnswer> answer_;
};

}  // namespace

Egress::Egress(EgressOptions options)
    : loop_{[&] {
        requireCaFile(options.ca_file);
        return std::make_unique<OutboundLoop>(std::move(options));
      }()} {}

Egress::~Egress() = default;

std::size_t Egress::inFlight() const noexcept {
  return loop_->inFlight();
}

void Egress::begin(OutboundRequest request, OutboundCaller caller, Done done) {
  loop_->begin(std::move(request), std::move(caller), std::move(done));
}

OutboundAnswer Egress::send(OutboundRequest request, OutboundCaller caller) {
  const auto box = std::make_shared<Letterbox>();
  const SteadyClock::time_point begun = SteadyClock::now();
  const SteadyClock::time_point deadline = loop_->deadlineOf(request, caller, begun);
  const std::stop_callback wakes{caller.given_up, [this] { loop_->wake(); }};
  begin(std::move(request), std::move(caller),
        [box](OutboundAnswer answer) { box->put(std::move(answer)); });
  if (auto answer = box->awaitUntil(deadline + kPatience)) return *std::move(answer);
  OutboundAnswer late;
  late.outcome = Outcome::Ambiguous;
  late.code = "DEADLINE_EXCEEDED";
  late.message = "The host was too busy to say what came of it.";
  late.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begun);
  return late;
}

}  // namespace bulkhead::host::egress
