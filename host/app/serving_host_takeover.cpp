// How the host takes another one's place, and leaves its own (docs/decisions/0021).
#include <csignal>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "app/data_folder.hpp"
#include "app/service_notice.hpp"
#include "app/serving_host.hpp"
#include "logging/log.hpp"

namespace bulkhead::host {
namespace {

constexpr std::chrono::milliseconds kLeaseBack{1000};

}  // namespace

std::vector<std::size_t> ServingHost::openDoors() {
  for (const auto& compartment : supervisor_.compartments()) {
    const PluginStatus status = compartment->status();
    if (!status.required || status.state == PluginState::Running) continue;
    throw Error::app("TAKEOVER_REFUSED",
                     fmt::format("The running host goes on: the plugin '{}', which is required, is "
                                 "{} here. {}",
                                 status.id, nameOf(status.state), status.reason));
  }
  startFront();
  std::vector<std::size_t> places;
  for (const ListenerOrigin& origin : origins_) {
    if (origin.place) places.push_back(*origin.place);
  }
  return places;
}

/// Never beside another host's: each would move what the other one's versions listen to past them,
/// and have one message handled twice at a time. Jobs have leases, and wait as well: a store is
/// written by turns meanwhile.
void ServingHost::carryEvents() {
  carrier_.begin([this] { return supervisor_.compartments(); });
  jobs_.begin();
}

void ServingHost::succeed() {
  for (std::size_t i = 0; i < origins_.size(); ++i) {
    if (origins_[i].place && !origins_[i].by_service_manager) front_->own(i);
  }
  notifyService("READY=1\nSTATUS=serving\n");
  log(Level::Info, "host", "Serving; the host before ends what it has begun");
}

void ServingHost::becomeAlone() {
  has_elder_ = false;
  alone_ = true;
  shareLeases(false);
  carryEvents();
  keys_.refresh();
  log(Level::Info, "host", "The host before has ended: its place is taken");
  openDesk();
}

void ServingHost::openDesk() {
  TakeoverHooks hooks;
  hooks.why_not = [this] {
    if (state_.phase() != health::Phase::Ready || !alone_)
      return std::string{"It is starting or stopping."};
    return std::string{supervisor_.holdChanges() ? "" : "A plugin of it is being changed."};
  };
  hooks.begin = [this] { return listenersForAnother(); };
  hooks.give_up = [this] {
    alone_ = true;
    shareLeases(false);
    supervisor_.allowChanges();
  };
  hooks.stops_within = [this] { return stopLimit(); };
  hooks.leave = [this](const std::vector<std::size_t>& places, pid_t successor) {
    leaveTo(places, successor);
  };
  const std::lock_guard lock{desk_mutex_};
  if (state_.phase() != health::Phase::Ready) return;
  try {
    desk_ = std::make_unique<TakeoverDesk>(settings_.paths.data_dir / kTakeoverSocket,
                                           std::move(hooks));
  } catch (const Error& error) {
    log(Level::Warn, "host", "No other host can take this one's place",
        {{"reason", error.message()}});
  }
}

void ServingHost::closeDesk() {
  const std::lock_guard lock{desk_mutex_};
  desk_.reset();
}

/// Stores that are opened from here on look at `alone_` themselves.
void ServingHost::shareLeases(bool shared) {
  const auto share = [shared](auto& store) {
    try {
      store.shareLease(shared, std::chrono::steady_clock::now() + kLeaseBack);
    } catch (const Error& error) {
      log(Level::Warn, "host", "A store's lease is given back later",
          {{"reason", error.message()}});
    }
  };
  share(*host_store_);
  for (const auto& compartment : supervisor_.compartments()) {
    if (const auto home = compartment->home()) share(*home);
  }
}

std::vector<InheritedListener> ServingHost::listenersForAnother() {
  std::vector<InheritedListener> listeners;
  for (std::size_t i = 0; i < origins_.size(); ++i) {
    InheritedListener one{origins_[i].audience, origins_[i].by_service_manager, {}};
    one.listener.sockets = front_->copyOf(i);
    listeners.push_back(std::move(one));
  }
  alone_ = false;
  shareLeases(true);
  return listeners;
}

void ServingHost::leaveTo(const std::vector<std::size_t>& places, pid_t successor) {
  carrier_.end();
  jobs_.end();
  for (const std::size_t place : places) front_->leaveTo(place);
  successor_ = successor;
  log(Level::Info, "host", "Another host has taken this one's place; stopping",
      {{"process", successor}});
  notifyService(fmt::format("MAINPID={}\n", successor));
  kill(getpid(), SIGTERM);
}

}  // namespace bulkhead::host
