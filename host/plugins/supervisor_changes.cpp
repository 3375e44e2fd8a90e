#include <algorithm>
#include <fmt/format.h>
#include <system_error>
#include <thread>
#include <utility>

#include "logging/log.hpp"
#include "logging/log_context.hpp"
#include "plugins/bare_store.hpp"
#include "plugins/elf_image.hpp"
#include "plugins/library.hpp"
#include "plugins/plugin_cache.hpp"
#include "plugins/plugin_limits.hpp"
#include "plugins/start_order.hpp"
#include "plugins/supervisor_candidate.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

constexpr milliseconds kLeasePatience{2'000};
constexpr milliseconds kUnmapPatience{1'000};
constexpr milliseconds kChangeEnd{1'000};
constexpr milliseconds kLook{10};

/// Why a library that nobody uses any more is still in memory.
std::string pinOf(const std::filesystem::path& copy) {
  try {
    const PluginFile file = readPluginFile(copy);
    const auto facts = ElfImage{file.bytes}.symbolFacts();
    if (facts.unique > 0)
      return fmt::format(
          "stays in memory until the host ends: its unique symbol {} pins it; build it with "
          "-fno-gnu-unique, as bulkhead_add_plugin() does",
          facts.pinning);
    if (facts.thread_local_storage)
      return "stays in memory until the host ends: a thread_local object of it lives";
  } catch (const std::exception&) {  // its copy is gone: nothing more is known
  }
  return "stays in memory until the host ends; nothing in its file says why";
}

template <class Work>
bool waitUntil(Time until, const Work& work) {
  while (!work()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace

/// One change of a plugin at a time.
class Supervisor::Turn {
 public:
  Turn(Supervisor& supervisor, std::string plugin)
      : supervisor_{supervisor}, plugin_{std::move(plugin)} {
    const std::lock_guard lock{supervisor_.mutex_};
    if (supervisor_.closing_) throw Error::conflict("HOST_STOPPING", "The host is stopping.");
    if (supervisor_.held_) {
      throw Error::conflict("HOST_TAKEN_OVER",
                            "Two hosts work on the stores until one has taken the other's place; "
                            "ask again then.");
    }
    if (!supervisor_.changing_.insert(plugin_).second) {
      throw Error::conflict("PLUGIN_BUSY",
                            fmt::format("Another change of '{}' is not done yet; ask again when it "
                                        "is.",
                                        plugin_));
    }
  }
  ~Turn() {
    const std::lock_guard lock{supervisor_.mutex_};
    supervisor_.changing_.erase(plugin_);
    supervisor_.changed_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Supervisor& supervisor_;
  const std::string plugin_;
};

PluginChange Supervisor::reload(PluginConf conf, const Variables& variables,
                                milliseconds patience) {
  return renew(std::move(conf), variables, patience, Pause::No);
}

PluginChange Supervisor::reloadPaused(PluginConf conf, const Variables& variables,
                                      milliseconds patience) {
  return renew(std::move(conf), variables, patience, Pause::Yes);
}

std::optional<std::string> Supervisor::askClosedJobs(const std::string& plugin,
                                                     const std::string& request) {
  const auto compartment = find(plugin);
  const auto is_closed = [&] {
    const PluginState state = compartment->status().state;
    return state >= PluginState::Stopped && state != PluginState::Hung &&
           state != PluginState::Crashed;  // these come back by themselves
  };
  if (!compartment || !is_closed()) return std::nullopt;
  const Turn turn{*this, plugin};
  if (!is_closed()) return std::nullopt;
  return bareStore(plugin)->answerJobs(request);
}

PluginChange Supervisor::renew(PluginConf conf, const Variables& variables, milliseconds patience,
                               Pause pause) {
  const std::string id = conf.id;
  const Turn turn{*this, id};
  Candidate candidate = examine(std::move(conf), variables);
  const auto compartment = candidate.compartment;
  const auto old = runningOne(id);
  const bool restarts = awaitRestart(*compartment);
  checkOrder(candidate);
  verify(candidate.plugin, PluginCache{options_.cache_dir}, candidate.settings);
  PluginChange change;
  change.plugin = id;
  if (candidate.plugin.isClosed()) {
    change.succession = compartment->refuseNext(candidate.plugin.state, candidate.plugin.reason);
  } else {
    change.succession = pause == Pause::Yes ? succeedPaused(candidate, patience, change)
                                            : succeed(candidate, patience);
  }
  const bool ran = change.succession.generation_before > 0;
  if (change.succession.succeeded) {
    change.outcome = ran ? PluginChange::Outcome::Reloaded : PluginChange::Outcome::Started;
    if (ran && old) change.old_code = whereaboutsOf(*old, change.succession);
  } else {
    change.outcome = ran && !change.succession.lost ? PluginChange::Outcome::RolledBack
                                                    : PluginChange::Outcome::Failed;
  }
  if (restarts && !change.succession.succeeded) keeper_->restartNow(id);
  const PluginStatus status = compartment->status();
  change.state = status.state;
  change.version = candidate.plugin.manifest ? candidate.plugin.manifest->version : "";
  if (change.outcome != PluginChange::Outcome::RolledBack) services_.changed(*compartment);
  return change;
}

/// A worker that has just died comes back first. One that would come back later does not, unless
/// this change fails: true then.
bool Supervisor::awaitRestart(const Compartment& compartment) {
  waitUntil(std::chrono::steady_clock::now() + options_.start_timeout,
            [&] { return !compartment.isAwaited() || isClosing(); });
  return !compartment.home() && keeper_->cancelRestart(compartment.id());
}

/// What is known of the plugin by its files now; without any they say so.
Supervisor::Candidate Supervisor::examine(PluginConf conf, const Variables& variables) {
  const std::string id = conf.id;
  std::vector<PluginConf> confs;
  confs.push_back(std::move(conf));
  auto candidates = discover(std::move(confs), variables);
  Candidate candidate =
      std::move(*std::find_if(candidates.begin(), candidates.end(),
                              [&](const Candidate& one) { return one.plugin.id == id; }));
  if (auto known = find(id)) {
    candidate.compartment = std::move(known);
  } else {
    const std::lock_guard lock{mutex_};
    compartments_.push_back(candidate.compartment);
  }
  return candidate;
}

/// As at boot: it starts when what it requires is provided, and takes nothing from others.
void Supervisor::checkOrder(Candidate& candidate) const {
  if (candidate.plugin.isClosed()) return;
  const std::string& id = candidate.plugin.id;
  std::vector<Manifest> before;
  std::vector<Manifest> after{*candidate.plugin.manifest};
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [plugin, manifest] : manifests_) {
      before.push_back(manifest);
      if (plugin != id) after.push_back(manifest);
    }
  }
  const auto known = startOrder(before).blocked;
  for (const auto& [plugin, reason] : startOrder(after).blocked) {
    if (plugin == id) {
      candidate.refuse(PluginState::Refused, reason);
    } else if (!known.contains(plugin)) {
      candidate.refuse(PluginState::Refused,
                       fmt::format("would take from others: {} {}", plugin, reason));
    }
  }
}

SuccessionReport Supervisor::succeed(Candidate& candidate, milliseconds patience) {
  Compartment& compartment = *candidate.compartment;
  const std::string& id = candidate.plugin.id;
  const auto shareLease = [&](bool shared) {
    const auto home = compartment.home();
    if (!home || !home->hasStore()) return false;
    try {
      home->shareLease(shared, std::chrono::steady_clock::now() + kLeasePatience);
    } catch (const Error& error) {
      log(Level::Warn, "plugins", "A store's lease changes hands later",
          {{"plugin", id}, {"reason", error.message()}});
    }
    return true;
  };
  const PluginState state = compartment.status().state;
  const bool comes_back = compartment.home() || state == PluginState::Crashed ||
                          state == PluginState::Hung || state == PluginState::Quarantined;
  if (comes_back && !candidate.store_kept) candidate.company = data::MigrationCompany::OlderCode;
  // two homes in this process have the one store of it
  const bool two_stores = compartment.status().worker || isWorker(candidate);
  candidate.by_turns = two_stores && candidate.plugin.manifest->store && shareLease(true);
  SuccessionReport report;
  try {
    SuccessionOrder order = successionOrder(candidate);
    order.home = newHome(candidate);
    order.patience = patience;
    report = compartment.succeed(order);
  } catch (const PluginRefusal& refusal) {
    report = compartment.refuseNext(refusal.state(), refusal.reason());
  } catch (const std::exception& error) {
    report = compartment.refuseNext(PluginState::Refused, error.what());
  }
  if (candidate.by_turns) {
    keeper_->setAlone(id);
    shareLease(data::isLeaseShared(services_.store_options(id)));
  }
  if (report.succeeded) remember(candidate);
  return report;
}

SuccessionOrder Supervisor::successionOrder(Candidate& candidate) {
  const Manifest& manifest = *candidate.plugin.manifest;
  const PluginLimits limits = limitsOf(candidate);
  SuccessionOrder order;
  order.version = manifest.version;
  order.service = manifest.service;
  order.file = candidate.plugin.library.string();
  order.capabilities = candidate.capabilities();
  order.required = candidate.plugin.required;
  order.worker = isWorker(candidate);
  order.recycles = candidate.recycles;
  order.deadline = milliseconds{limits.deadline_ms};
  order.circuit = circuitLimits(limits);
  order.judge = services_.judge;
  order.publish = [this, compartment = candidate.compartment](Home& home) {
    services_.admit(compartment, home);
  };
  order.swapped = [this, &candidate] {
    watch(candidate);
    const auto home = candidate.compartment->home();
    try {
      if (home) services_.attend(candidate.compartment, *home);
    } catch (const Error& error) {
      log(Level::Error, "plugins", "What a plugin says of its health is not taken in",
          {{"plugin", candidate.plugin.id}, {"reason", error.message()}});
    }
  };
  return order;
}

/// On the keeper's thread, which others wait for.
bool Supervisor::beginRecycling(const std::string& id, std::string reason) {
  const std::lock_guard lock{mutex_};
  if (closing_ || changing_.contains(id) || !running_.contains(id)) return false;
  if (!recycling_.insert(id).second) return false;
  std::thread& recycler = recyclers_[id];
  if (recycler.joinable()) recycler.join();  // it has nothing to do any more
  try {
    recycler = std::thread{[this, id, reason = std::move(reason)] {
      recycle(id, reason);
      const std::lock_guard done{mutex_};
      recycling_.erase(id);
    }};
  } catch (const std::system_error&) {  // no thread to be had now
    recycling_.erase(id);
    return false;
  }
  return true;
}

/// What runs, once more: its code and its settings, not what lies in its folder now.
void Supervisor::recycle(const std::string& id, const std::string& reason) {
  SuccessionReport report;
  try {
    const Turn turn{*this, id};
    const auto running = runningOne(id);
    if (!running) return;
    Candidate again = *running;
    again.recycles = true;
    report = succeed(again, again.compartment->deadline());
  } catch (const std::exception& error) {
    report.problem = error.what();
  }
  LogContext context;
  context.plugin = id;
  const LogScope scope{context};
  if (!report.succeeded) {
    log(Level::Warn, "plugins", "A plugin could not be recycled",
        {{"reason", report.problem}, {"because", reason}});
    return;
  }
  log(Level::Info, "plugins", "A plugin was recycled",
      {{"event", "plugin_recycled"},
       {"reason", reason},
       {"generation", report.generation},
       {"drained", report.drained},
       {"aborted", report.aborted},
       {"passedOn", report.passed_on}});
}

void Supervisor::endRecycling() {
  std::map<std::string, std::thread> recyclers;
  {
    const std::lock_guard lock{mutex_};
    recyclers.swap(recyclers_);
  }
  for (auto& [id, recycler] : recyclers) {
    if (recycler.joinable()) recycler.join();
  }
}

/// Its worker is looked after, or there is none to look after.
void Supervisor::watch(const Candidate& candidate) {
  if (candidate.ward) {
    keeper_->adopt(candidate.ward, candidate.recycles ? WorkerKeeper::Heir::SameCode
                                                      : WorkerKeeper::Heir::OtherCode);
  } else {
    keeper_->forget(candidate.plugin.id);
  }
}

void Supervisor::remember(const Candidate& candidate) {
  const std::string& id = candidate.plugin.id;
  const std::lock_guard lock{mutex_};
  manifests_.insert_or_assign(id, *candidate.plugin.manifest);
  running_.insert_or_assign(id, std::make_shared<const Candidate>(candidate));
  if (std::find(started_.begin(), started_.end(), candidate.compartment) == started_.end())
    started_.push_back(candidate.compartment);
}

std::shared_ptr<const Supervisor::Candidate> Supervisor::runningOne(
    const std::string& plugin) const {
  const std::lock_guard lock{mutex_};
  const auto found = running_.find(plugin);
  return found == running_.end() ? nullptr : found->second;
}

bool Supervisor::isClosing() const {
  const std::lock_guard lock{mutex_};
  return closing_;
}

std::string Supervisor::whereaboutsOf(const Candidate& old, const SuccessionReport& report) const {
  if (isWorker(old)) return "ended with its process";
  if (report.left_behind) return "stays in memory: calls that do not return are inside";
  std::error_code error;
  const auto canonical = std::filesystem::canonical(old.plugin.copy, error);
  const auto& name = error ? old.plugin.copy : canonical;
  const bool gone = waitUntil(std::chrono::steady_clock::now() + kUnmapPatience,
                              [&] { return !PluginLibrary::isMapped(name); });
  return gone ? "left memory" : pinOf(name);
}

PluginChange Supervisor::disable(const std::string& id, milliseconds patience) {
  const Turn turn{*this, id};
  const auto compartment = find(id);
  if (!compartment) throw Error::notFound("NOT_FOUND", "No plugin of that id is configured.");
  const auto old = runningOne(id);
  {
    const std::lock_guard lock{mutex_};
    running_.erase(id);
    manifests_.erase(id);
    std::erase(started_, compartment);
  }
  keeper_->forget(id);
  PluginChange change;
  change.plugin = id;
  change.version = compartment->status().version;
  change.outcome = PluginChange::Outcome::Disabled;
  change.succession =
      compartment->leave(PluginState::Disabled, "switched off by an operator", patience);
  if (change.succession.generation_before > 0 && old)
    change.old_code = whereaboutsOf(*old, change.succession);
  change.state = compartment->status().state;
  services_.changed(*compartment);
  return change;
}

PluginChange Supervisor::release(const std::string& id) {
  const Turn turn{*this, id};
  const auto compartment = find(id);
  if (!compartment) throw Error::notFound("NOT_FOUND", "No plugin of that id is configured.");
  const PluginStatus before = compartment->status();
  if (!keeper_->release(id)) {
    throw Error::conflict("PLUGIN_NOT_HELD", fmt::format("Nothing holds '{}' back: it is {}.", id,
                                                         nameOf(before.state)));
  }
  const auto begin = std::chrono::steady_clock::now();
  PluginStatus after = before;
  waitUntil(begin + 2 * options_.start_timeout + kLeasePatience, [&] {
    after = compartment->status();
    return after.generation != before.generation || after.since_us != before.since_us;
  });
  PluginChange change;
  change.plugin = id;
  change.version = after.version;
  change.state = after.state;
  SuccessionReport& report = change.succession;
  report.succeeded = after.state == PluginState::Running;
  report.problem = after.reason;
  report.refused_as = after.state;
  report.generation = report.succeeded ? after.generation : 0;
  report.started_in =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  change.outcome =
      report.succeeded ? PluginChange::Outcome::Released : PluginChange::Outcome::Failed;
  return change;
}

bool Supervisor::holdChanges() {
  const std::lock_guard lock{mutex_};
  if (!changing_.empty()) return false;
  held_ = true;
  return true;
}

void Supervisor::allowChanges() {
  const std::lock_guard lock{mutex_};
  held_ = false;
}

void Supervisor::stopChanges() {
  const std::lock_guard lock{mutex_};
  closing_ = true;
  for (const auto& compartment : compartments_) {
    compartment->giveUp();
    compartment->hurry();
  }
}

void Supervisor::endChanges(Time until) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, std::max(until, std::chrono::steady_clock::now() + kChangeEnd),
                      [&] { return changing_.empty(); });
}

}  // namespace bulkhead::host
