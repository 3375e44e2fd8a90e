#include <algorithm>
#include <chrono>
#include <thread>

#include "app/service_notice.hpp"
#include "app/serving_host.hpp"
#include "app/stop_limit.hpp"
#include "logging/log.hpp"
#include "logging/log_system.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFlushMax{3000};
constexpr milliseconds kStopReserve{1000};
constexpr milliseconds kBootPatience{1000};  // for those that were told to give up

milliseconds leftUntil(std::chrono::steady_clock::time_point end) {
  return std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
}

}  // namespace

milliseconds ServingHost::stopDelay() const {
  const bool awaited = successor_ == 0 && !has_elder_;  // nobody else answers balancers
  return milliseconds{awaited ? live_.current()->settings().server.shutdown_delay_ms : 0};
}

milliseconds ServingHost::stopLimit() const {
  const milliseconds timeout{live_.current()->settings().server.drain_timeout_ms};
  return stopDelay() + timeout + kFlushMax + kStopReserve;
}

/// With a successor the service goes on: no balancer is to notice, and who holds a connection may
/// ask once more.
void ServingHost::beginStop(milliseconds delay, milliseconds timeout) {
  const bool succeeded = successor_ != 0;
  if (!succeeded) {
    state_.markDraining();
    notifyService("STOPPING=1\nSTATUS=draining\n");
  }
  closeDesk();
  log(succeeded ? Level::Info : Level::Warn, "host",
      succeeded ? "Draining beside the host that serves now" : "Draining: no longer ready",
      {{"delayMs", delay.count()}, {"timeoutMs", timeout.count()}});
  front_->beginDrain(succeeded ? Front::Idle::AskOnceMore : Front::Idle::End);
}

bool ServingHost::drain(const BootEnded& boot_ended) {
  const milliseconds delay = stopDelay();
  const milliseconds timeout{live_.current()->settings().server.drain_timeout_ms};
  const auto begin = std::chrono::steady_clock::now();
  StopLimit limit{stopLimit()};
  beginStop(delay, timeout);
  limit.step("waiting for balancers");
  while (std::chrono::steady_clock::now() < begin + delay)
    std::this_thread::sleep_for(milliseconds{50});
  limit.step("closing the listeners");
  front_->stopAccepting();
  limit.step("ending a backup");
  backups_.stop();
  supervisor_.stopChanges();
  limit.step("waiting for requests in flight");
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!front_->waitIdle(milliseconds{100}) && std::chrono::steady_clock::now() < end) continue;
  limit.step("waiting for plugins that start");
  if (!boot_ended(std::max(leftUntil(end), kBootPatience)))
    log(Level::Warn, "host", "Starting the plugins did not end; it is left behind");
  limit.step("closing the plugins");
  const bool clean = closePlugins(end);
  limit.step("closing the connections");
  front_->stop();
  limit.step("writing what is kept");
  closeStore();
  logEnd(clean, begin);
  return clean;
}

/// When keys were last used is stored, and what is in the write-ahead log goes into the database.
void ServingHost::closeStore() {
  storeLastUsed();
  if (!alone_) return;  // the other host's writers are in the log
  try {
    host_store_->checkpoint(std::chrono::steady_clock::now() + kFlushMax);
  } catch (const std::exception& error) {
    log(Level::Warn, "host", "A database was left with its write-ahead log",
        {{"store", "host"}, {"reason", error.what()}});
  }
}

void ServingHost::logEnd(bool clean, std::chrono::steady_clock::time_point begin) const {
  const FrontCounters counters = front_->counters();
  const auto took = std::chrono::steady_clock::now() - begin;
  log(clean ? Level::Info : Level::Warn, "host",
      clean ? "Stopped" : "Stopped; calls that did not return were left behind",
      {{"uptimeMs", state_.uptime().count()},
       {"stopMs", std::chrono::duration_cast<milliseconds>(took).count()},
       {"requests", counters.requests},
       {"connections", counters.accepted},
       {"lostLogLines", LogSystem::lostLines()}});
}

/// A connection that is still open is no call: what counts are requests without an answer and
/// threads inside a plugin, or inside the host's own routes.
bool ServingHost::closePlugins(std::chrono::steady_clock::time_point end) {
  const auto left = [&] { return std::max(leftUntil(end), milliseconds{100}); };
  for (const auto& compartment : supervisor_.compartments())
    registry_.remove(compartment->id(), milliseconds{0});
  carrier_.end();
  jobs_.end();
  const bool closed = supervisor_.close(left());
  const bool changes_ended = changes_.drain(left()) && change_lane_.drain(left());
  const bool host_idle = host_lane_.drain(left());
  const bool monitoring_idle = monitoring_lane_.drain(left());
  return closed && changes_ended && host_idle && monitoring_idle &&
         front_->counters().active_requests == 0;
}

/// When keys were last used is worth keeping, and not worth an unclean end; so is the audit's seal.
void ServingHost::storeLastUsed() {
  try {
    keys_.storeLastUsed();
    if (!keys_.stale() && !has_elder_) audit_.seal();
  } catch (const std::exception& error) {
    log(Level::Warn, "host", "When keys were last used could not be stored",
        {{"reason", error.what()}});
  }
}

}  // namespace bulkhead::host
