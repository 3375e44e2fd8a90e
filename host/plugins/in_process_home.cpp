#include "plugins/in_process_home.hpp"

#include <utility>

#include "logging/log.hpp"
#include "plugins/table_rows.hpp"

namespace bulkhead::host {
namespace {

constexpr std::chrono::seconds kCheckpointPatience{3};

LaneLimits streamLimits(std::size_t streams) {
  return {.threads = streams, .queue = 0};
}

}  // namespace

struct InProcessHome::Inside {
  Foundation foundation;  // before the plugin: destroyed after it
  std::unique_ptr<PluginHome> plugin;
  BodyWork bodies;

  void answer(HomeCall& call, bool expired) const {
    if (expired || call.isAnswered()) return;
    call.begin();
    try {
      bodies.decode(call);
    } catch (const Error& error) {
      call.refuse(error);
      return;
    }
    HttpRequest& request = call.request();
    call.respond(bodies.finish(request, plugin->handle(call.route(), request, call.deadline())));
  }

  void answerStreaming(HomeCall& call) const {
    call.begin();
    const HttpRequest& request = call.request();
    const AnswerOutlet outlet{[&] { return call.openStream(); },
                              [&](HttpResponse response) {
                                return call.respond(bodies.finish(request, std::move(response)));
                              }};
    plugin->handleStreams(call.route(), request, call.deadline(), outlet);
  }
};

struct InProcessHome::Work {
  std::shared_ptr<Inside> inside;
  std::shared_ptr<HomeCall> call;

  void operator()(bool expired) const { inside->answer(*call, expired); }
};

InProcessHome::InProcessHome(std::unique_ptr<PluginHome> plugin, Foundation foundation,
                             const HomeLimits& limits, BodyWork bodies)
    : inside_{std::make_shared<Inside>(Inside{std::move(foundation), std::move(plugin), bodies})},
      lane_{inside_->plugin->plugin(), limits.lane},
      streams_{inside_->plugin->plugin() + "/streams", streamLimits(limits.streams)},
      asides_{inside_->plugin->plugin() + "/asides", limits.asides},
      desk_{inside_->plugin->plugin() + "/desk", limits.desk},
      jobs_{inside_->plugin->plugin() + "/jobs", limits.jobs},
      lease_shared_{inside_->foundation.lease_shared} {}

InProcessHome::~InProcessHome() = default;

void InProcessHome::create() {
  inside_->plugin->create();
}

void InProcessHome::start() {
  inside_->plugin->start();
}

bool InProcessHome::drain(Time until) {
  const auto left = [&] {
    return std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  };
  endJobs();
  return lane_.drain(left()) && streams_.drain(left()) && asides_.drain(left()) &&
         desk_.drain(left()) && jobs_.drain(left());
}

void InProcessHome::endJobs() noexcept {
  inside_->plugin->endJobs();
}

void InProcessHome::releaseJobs() noexcept {
  inside_->plugin->releaseJobs();
}

/// What streams never waits: it has a thread, or is refused.
std::vector<std::shared_ptr<HomeCall>> InProcessHome::takeWaiting() {
  std::vector<std::shared_ptr<HomeCall>> calls;
  for (Lane* const lane : {&lane_, &asides_, &desk_, &jobs_}) {
    for (auto& task : lane->takeWaiting()) calls.push_back(task.target<Work>()->call);
  }
  return calls;
}

void InProcessHome::stop() noexcept {
  inside_->plugin->stop();
  checkpoint();
}

bool InProcessHome::abandon() noexcept {
  releaseJobs();
  inside_->plugin->abandon();
  checkpoint();
  return false;
}

/// What is in the write-ahead log goes into the database.
void InProcessHome::checkpoint() noexcept {
  if (!hasStore() || lease_shared_) return;  // the other host's writers are in the log
  try {
    inside_->foundation.store->checkpoint(std::chrono::steady_clock::now() + kCheckpointPatience);
  } catch (const std::exception& error) {
    log(Level::Warn, "host", "A database was left with its write-ahead log",
        {{"store", inside_->plugin->plugin()}, {"reason", error.what()}});
  }
}

bool InProcessHome::submit(const std::shared_ptr<HomeCall>& call) {
  const EntryLane lane = call->route().lane();
  if (lane == EntryLane::Streams) {
    return streams_.submit([inside = inside_, call](bool) { inside->answerStreaming(*call); },
                           Lane::Time::max());
  }
  Lane& threads = lane == EntryLane::Asides ? asides_
                  : lane == EntryLane::Desk ? desk_
                  : lane == EntryLane::Jobs ? jobs_
                                            : lane_;
  return threads.submit(Work{inside_, call}, call->deadline());
}

std::string InProcessHome::checkHealth(const RegisteredContributor& contributor, Time deadline) {
  return inside_->plugin->checkHealth(contributor, deadline);
}

void InProcessHome::setLimits(const HomeLimits& limits) {
  lane_.setLimits(limits.lane);
  streams_.setLimits(streamLimits(limits.streams));
  asides_.setLimits(limits.asides);
  inside_->plugin->setDefaultDeadline(limits.deadline);
}

HomeLoad InProcessHome::load() const {
  return {lane_.state(),          streams_.state(), asides_.state(), jobs_.state(),
          lane_.limits().threads, lane_.isHung(),   asides_.isHung()};
}

const std::vector<std::shared_ptr<const RegisteredRoute>>& InProcessHome::routes() const {
  return inside_->plugin->routes();
}

const std::vector<RegisteredContributor>& InProcessHome::contributors() const {
  return inside_->plugin->contributors();
}

const PluginCapabilities& InProcessHome::capabilities() const {
  return inside_->plugin->capabilities();
}

bool InProcessHome::hasStore() const {
  return inside_->foundation.store != nullptr;
}

bool InProcessHome::pingStore(Time) {
  return hasStore() && inside_->foundation.store->ping();
}

void InProcessHome::shareLease(bool shared, Time deadline) {
  lease_shared_ = shared;
  if (hasStore()) inside_->foundation.store->shareLease(shared, deadline);
}

void InProcessHome::fenceStore() noexcept {
  if (hasStore()) inside_->foundation.store->fence();
}

std::vector<TableRows> InProcessHome::countRows(Time deadline) {
  if (!hasStore()) return {};
  return countTableRows(*inside_->foundation.store, deadline);
}

}  // namespace bulkhead::host
