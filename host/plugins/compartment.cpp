#include "plugins/compartment.hpp"

#include <algorithm>
#include <condition_variable>
#include <fmt/format.h>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

namespace bulkhead::host {

struct Compartment::Life {
  std::shared_ptr<void> keep_alive;  // before the home: destroyed after it
  std::unique_ptr<PluginHome> home;

  void enter() {
    const std::lock_guard lock{mutex_};
    ++visitors_;
  }
  void leave() {
    const std::lock_guard lock{mutex_};
    if (--visitors_ == 0) alone_.notify_all();
  }
  /// True when nobody that came by home() is left.
  bool awaitAlone(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock{mutex_};
    return alone_.wait_until(lock, until, [&] { return visitors_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable alone_;
  std::size_t visitors_ = 0;
};

namespace {

/// A library with calls on some thread's stack must never be unmapped, nor its home taken away.
void leaveLoaded(std::shared_ptr<void> life) {
  static std::mutex mutex;
  // allowed: outlives every destructor on purpose
  static auto* left_behind = new std::vector<std::shared_ptr<void>>;
  const std::lock_guard lock{mutex};
  left_behind->push_back(std::move(life));
}

LaneLimits streamLimits(std::size_t streams) {
  return {.threads = streams, .queue = 0};
}

}  // namespace

Compartment::Compartment(Options options)
    : options_{std::move(options)},
      deadline_ms_{options_.deadline.count()},
      lane_{std::make_unique<Lane>(options_.id, options_.lane)},
      streams_{std::make_unique<Lane>(options_.id + "/streams", streamLimits(options_.streams))} {
  status_.id = options_.id;
  status_.required = options_.required;
  status_.since_us = SystemClock{}.nowUs();
}

Compartment::~Compartment() {
  close(std::chrono::milliseconds{0});
}

void Compartment::describe(std::string version, std::string service, std::string file) {
  const std::lock_guard lock{mutex_};
  status_.version = std::move(version);
  status_.service = std::move(service);
  status_.file = std::move(file);
}

void Compartment::enter(PluginState state, std::string reason) {
  const std::lock_guard lock{mutex_};
  enterLocked(state, std::move(reason));
}

void Compartment::enterLocked(PluginState state, std::string reason) {
  status_.state = state;
  status_.reason = std::move(reason);
  status_.since_us = SystemClock{}.nowUs();
}

bool Compartment::create(std::unique_ptr<PluginHome> home, std::shared_ptr<void> keep_alive) {
  {
    const std::lock_guard lock{mutex_};
    life_ = std::make_shared<Life>();
    life_->keep_alive = std::move(keep_alive);
    life_->home = std::move(home);
    enterLocked(PluginState::Verified, {});
  }
  return runBounded("create", [](PluginHome& plugin) { plugin.create(); });
}

bool Compartment::start() {
  enter(PluginState::Starting);
  if (!runBounded("start", [](PluginHome& plugin) { plugin.start(); })) return false;
  enter(PluginState::Running);
  return true;
}

/// True when it ended within its time, and before the host gave it up.
bool Compartment::awaitEnd(const std::future<void>& finished) const {
  constexpr std::chrono::milliseconds kLook{20};
  const auto until = std::chrono::steady_clock::now() + options_.start_timeout;
  while (finished.wait_for(kLook) != std::future_status::ready) {
    if (given_up_ || std::chrono::steady_clock::now() >= until) return false;
  }
  return true;
}

/// A step that does not return cannot be ended; it is left behind with everything that it holds.
bool Compartment::runBounded(const std::string& step,
                             const std::function<void(PluginHome&)>& work) {
  std::shared_ptr<Life> life;
  {
    const std::lock_guard lock{mutex_};
    life = life_;
  }
  const auto done = std::make_shared<std::promise<void>>();
  auto finished = done->get_future();
  std::thread{[life, work, done] {
    try {
      work(*life->home);
      done->set_value();
    } catch (...) {
      done->set_exception(std::current_exception());
    }
  }}.detach();
  std::string reason;
  PluginState state = PluginState::Failed;
  if (!awaitEnd(finished)) {
    reason = given_up_ ? fmt::format("{}() had not returned when the host stopped.", step)
                       : fmt::format("{}() did not return within {} ms.", step,
                                     options_.start_timeout.count());
  } else {
    try {
      finished.get();
      return true;
    } catch (const Error& error) {
      if (step == "create") state = PluginState::Refused;
      reason = fmt::format("{}() refused: {} ({})", step, error.message(), error.code());
    } catch (const std::exception& error) {
      reason = fmt::format("{}() threw: {}", step, error.what());
    }
  }
  const std::lock_guard lock{mutex_};
  life_.reset();
  enterLocked(state, std::move(reason));
  return false;
}

bool Compartment::submit(std::function<void(PluginHome&, bool expired)> task, Lane::Time deadline) {
  const std::lock_guard lock{mutex_};
  if (status_.state != PluginState::Running || !life_) return false;
  return lane_->submit(
      [life = life_, task = std::move(task)](bool expired) { task(*life->home, expired); },
      deadline);
}

bool Compartment::submitStreaming(std::function<void(PluginHome&)> task) {
  const std::lock_guard lock{mutex_};
  if (status_.state != PluginState::Running || !life_) return false;
  return streams_->submit([life = life_, task = std::move(task)](bool) { task(*life->home); },
                          Lane::Time::max());
}

void Compartment::setLimits(LaneLimits lane, std::size_t streams,
                            std::chrono::milliseconds deadline, bool required) {
  const std::lock_guard lock{mutex_};
  status_.required = required;
  deadline_ms_ = deadline.count();
  lane_->setLimits(lane);
  streams_->setLimits(streamLimits(streams));
  if (life_) life_->home->setDefaultDeadline(deadline);
}

/// A plugin whose stop() or destructor hangs costs its own time, and a second where none is left.
bool Compartment::stopBounded(const std::shared_ptr<Life>& life,
                              std::chrono::steady_clock::time_point until) {
  constexpr std::chrono::seconds kLeast{1};
  const auto done = std::make_shared<std::promise<void>>();
  const auto stopped = done->get_future();
  try {
    std::thread{[life, done] {
      life->home->stop();
      done->set_value();
    }}.detach();
  } catch (const std::system_error&) {  // no thread to be had: it is stopped on this one
    life->home->stop();
    done->set_value();
  }
  return stopped.wait_until(std::max(until, std::chrono::steady_clock::now() + kLeast)) ==
         std::future_status::ready;
}

bool Compartment::close(std::chrono::milliseconds patience) {
  std::shared_ptr<Life> life;
  {
    const std::lock_guard lock{mutex_};
    life = std::exchange(life_, nullptr);
    if (life && status_.reason.empty()) enterLocked(PluginState::Draining, {});
  }
  if (!life) return true;
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto left = [&] {
    return std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  };
  const bool ended = lane_->drain(patience) && streams_->drain(left()) && life->awaitAlone(until) &&
                     stopBounded(life, until);
  if (!ended) {
    life->home->abandon();
    leaveLoaded(life);
  }
  const std::lock_guard lock{mutex_};
  if (status_.state == PluginState::Draining) {
    enterLocked(PluginState::Stopped,
                ended ? "" : "Calls did not return; the plugin was left behind.");
  }
  return ended;
}

std::shared_ptr<PluginHome> Compartment::home() const {
  const std::lock_guard lock{mutex_};
  if (!life_) return nullptr;
  life_->enter();
  return {life_->home.get(), [life = life_](PluginHome*) { life->leave(); }};
}

PluginStatus Compartment::status() const {
  const std::lock_guard lock{mutex_};
  PluginStatus status = status_;
  status.lane = lane_->state();
  status.streams = streams_->state();
  if (status.state == PluginState::Running && lane_->isHung()) {
    status.state = PluginState::Hung;
    status.reason = fmt::format(
        "All {} threads of the plugin run past their deadline; it answers again when one returns.",
        lane_->limits().threads);
  }
  return status;
}

bool Compartment::isRunning() const {
  return status().state == PluginState::Running;
}

}  // namespace bulkhead::host
