#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "plugins/compartment_life.hpp"
#include "plugins/pin.hpp"

namespace bulkhead::host {
namespace {

/// Calls that wait for the next generation of a plugin.
constexpr std::size_t kParkedMax = 4096;

}  // namespace

bool Compartment::submit(const std::shared_ptr<HomeCall>& call) {
  const EntryLane lane = call->route().lane();
  if (lane == EntryLane::Desk || lane == EntryLane::Jobs) return hand(call);  // these have a pace
  CircuitBreaker& breaker = breakerOf(*call);
  auto permit = breaker.enter();
  if (!permit) return refuseOpen(*call, breaker);
  call->watch(std::move(permit));
  return hand(call);
}

CircuitBreaker& Compartment::breakerOf(const HomeCall& call) noexcept {
  return call.route().lane() == EntryLane::Asides ? asides_breaker_ : breaker_;
}

/// False when it does not run: that says more.
bool Compartment::refuseOpen(HomeCall& call, const CircuitBreaker& breaker) const {
  {
    const std::lock_guard lock{mutex_};
    if (!life_ || status_.state != PluginState::Running) return false;
  }
  const CircuitStatus circuit = breaker.status(std::chrono::steady_clock::now());
  const auto wait = std::chrono::ceil<std::chrono::seconds>(circuit.wait).count();
  call.refuse(
      Error::app("CIRCUIT_OPEN",
                 fmt::format("The service '{}' failed its last {} requests; others are tried "
                             "soon, and everything else works.",
                             options_.id, circuit.failures))
          .withRetryAfter(static_cast<int>(std::max<std::int64_t>(wait, 1))));
  return true;
}

bool Compartment::hand(const std::shared_ptr<HomeCall>& call) {
  const Pin<Life> open{open_};
  const Life* full = nullptr;
  if (open.get() != nullptr && open.get()->owns(call->route())) {
    if (open.get()->home->submit(call)) return true;
    full = open.get();
  }
  return handOver(call, full);
}

/// To whom it belongs at this moment, or it waits for the next one; `full` did not take it.
bool Compartment::handOver(const std::shared_ptr<HomeCall>& call, const Life* full) {
  std::unique_lock lock{mutex_};
  while (const auto life = lifeForLocked(*call)) {
    lock.unlock();
    if (life.get() != full && life->home->submit(call)) return true;
    lock.lock();
    if (life == beside_ || (life == life_ && life->home->isAlive())) return false;  // it is full
    if (life != life_) continue;  // another one has taken its place meanwhile
    awaited_ = awaited_ || status_.state == PluginState::Running;  // it has just ended
    break;
  }
  if (life_ && life_->home->isAlive() && status_.state == PluginState::Running)
    return refuseReplaced(*call);
  return parkLocked(call);
}

/// Who takes a call of that route, and the route that it has there. Null: nobody, at the moment.
std::shared_ptr<Compartment::Life> Compartment::lifeForLocked(HomeCall& call) const {
  const bool running = life_ && status_.state == PluginState::Running;
  if (running && life_->owns(call.route())) return life_;
  if (running) {
    if (auto same = life_->counterpart(call.route())) {
      call.rebind(std::move(same));
      return life_;
    }
  }
  return beside_ && beside_->owns(call.route()) ? beside_ : nullptr;
}

/// It was routed by a generation that is gone, to what the one that runs does not have.
bool Compartment::refuseReplaced(HomeCall& call) const {
  call.refuse(Error::app("PLUGIN_UNAVAILABLE",
                         fmt::format("The service '{}' was replaced by another version just now; "
                                     "ask again.",
                                     options_.id))
                  .withRetryAfter(1));
  return true;
}

bool Compartment::parkLocked(const std::shared_ptr<HomeCall>& call) {
  if (!awaited_) return false;
  if (parked_.size() >= kParkedMax)  // those that gave up have no claim to a place
    std::erase_if(parked_, [](const auto& one) { return one->isAnswered(); });
  if (parked_.size() >= kParkedMax) return false;
  parked_.push_back(call);
  return true;
}

}  // namespace bulkhead::host
