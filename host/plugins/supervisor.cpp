#include "plugins/supervisor.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "logging/log.hpp"
#include "logging/log_system.hpp"
#include "plugins/discovery.hpp"
#include "plugins/home_options.hpp"
#include "plugins/in_process_home.hpp"
#include "plugins/library.hpp"
#include "plugins/plugin_cache.hpp"
#include "plugins/plugin_limits.hpp"
#include "plugins/start_order.hpp"
#include "plugins/supervisor_candidate.hpp"
#include "plugins/worker_keeper.hpp"
#include "plugins/worker_record.hpp"

namespace bulkhead::host {
namespace {

constexpr std::size_t kStartsAtOnce = 4;

/// Calls `work` with each number below `count`, lowest first, on a few threads; waits for all.
template <class Work>
void inParallel(std::size_t count, const Work& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t number = next++; number < count; number = next++) work(number);
  };
  std::vector<std::thread> helpers;
  try {
    while (helpers.size() + 1 < std::min(count, kStartsAtOnce)) helpers.emplace_back(run);
  } catch (const std::system_error&) {  // no thread to be had: those that there are do it all
  }
  run();
  for (auto& helper : helpers) helper.join();
}

/// Numbers that come in any order and count one after the other.
class InOrder {
 public:
  /// Waits until all below `number` have passed.
  void await(std::size_t number) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return next_ == number; });
  }
  void pass(std::size_t number) {
    pass(number, [](std::size_t) {});
  }
  /// Calls `then` for each that has all below it passed: for none, for `number`, or for more.
  template <class Then>
  void pass(std::size_t number, const Then& then) {
    const std::lock_guard lock{mutex_};
    passed_.insert(number);
    for (; passed_.erase(next_) != 0; ++next_) then(next_);
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::size_t> passed_;
  std::size_t next_ = 0;
};

std::string sentences(const std::vector<ConfigurationProblem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : " ") + problem.sentence();
  return text;
}

std::vector<std::string_view> secretsOf(const std::vector<SettingDeclaration>& declarations,
                                        const HomeSettings& settings) {
  std::vector<std::string_view> secrets;
  for (const auto& declaration : declarations) {
    const auto found = settings.find(declaration.name);
    if (!declaration.isSecret() || found == settings.end()) continue;
    if (const auto* text = std::get_if<std::string>(&found->second)) secrets.push_back(*text);
  }
  return secrets;
}

/// From now on no log line shows a plugin's secret (S131).
void hideSecrets(const std::vector<SettingDeclaration>& declarations,
                 const HomeSettings& settings) {
  LogSystem* logging = LogSystem::current();
  if (logging == nullptr) return;
  for (const auto secret : secretsOf(declarations, settings)) logging->addSecret(secret);
}

using Recycle = std::function<bool(const std::string& plugin, std::string reason)>;

WorkerKeeper::Services keeperServices(const SupervisorOptions& options,
                                      const SupervisorServices& services, Recycle recycle) {
  return {{options.program,
           services.log,
           services.metrics,
           {},
           {},
           services.capabilities,
           services.http,
           services.bell},
          services.changed,
          [] {
            const LogSystem* logging = LogSystem::current();
            return static_cast<int>(logging != nullptr ? logging->level() : Level::Info);
          },
          services.slow_query,
          [store = services.store_options] { return data::isLeaseShared(store("host")); },
          std::move(recycle),
          [records = std::make_shared<WorkerRecords>(options.crash_folder, options.crash_records)](
              const PluginStatus& plugin, const WorkerEnd& end) {
            if (end.abandoned)
              records->drop(end.id);
            else
              records->keep(plugin, end);
          }};
}

}  // namespace

/// Runs one step of a candidate; what it throws closes its compartment and nothing else.
template <class Work>
void Supervisor::guarded(Candidate& candidate, const Work& work) {
  Compartment& compartment = *candidate.compartment;
  const auto close = [&](PluginState state, std::string reason) {
    candidate.open = false;
    compartment.close(std::chrono::milliseconds{0});
    compartment.enter(state, std::move(reason));
  };
  try {
    work();
  } catch (const PluginRefusal& refusal) {
    close(refusal.state(), refusal.reason());
  } catch (const std::exception& error) {
    close(PluginState::Refused, error.what());
  }
}

Supervisor::Supervisor(SupervisorOptions options, SupervisorServices services)
    : options_{std::move(options)}, services_{std::move(services)} {
  keeper_ = std::make_unique<WorkerKeeper>(
      keeperServices(options_, services_, [this](const std::string& plugin, std::string reason) {
        return beginRecycling(plugin, std::move(reason));
      }));
}

Supervisor::~Supervisor() {
  close(std::chrono::milliseconds{0});
}

bool Supervisor::boot(std::vector<PluginConf> confs, const Variables& variables) {
  auto candidates = discover(std::move(confs), variables);
  {
    const std::lock_guard lock{mutex_};
    for (const auto& candidate : candidates) compartments_.push_back(candidate.compartment);
  }
  for (const Step& step : order(candidates)) {
    if (stop_booting_) return false;
    bootStep(step);
  }
  return !stop_booting_;
}

void Supervisor::stopBooting() {
  stop_booting_ = true;
  for (const auto& compartment : compartments()) compartment->giveUp();
}

std::vector<Supervisor::Candidate> Supervisor::discover(std::vector<PluginConf> confs,
                                                        const Variables& variables) const {
  std::vector<PluginEntry> entries;
  entries.reserve(confs.size());
  for (const auto& conf : confs)
    entries.push_back(
        {conf.id, conf.enabled, conf.required, conf.library, sentences(conf.problems)});
  std::vector<Candidate> candidates;
  for (auto& plugin : discoverPlugins(entries, options_.plugin_dir)) {
    Candidate candidate;
    candidate.plugin = std::move(plugin);
    for (auto& conf : confs) {
      if (conf.id == candidate.plugin.id) candidate.conf = std::move(conf);
    }
    candidate.compartment = std::make_shared<Compartment>(compartmentOptions(candidate));
    if (!candidate.plugin.isClosed()) {
      try {
        candidate.settings =
            readHomeSettings(*candidate.plugin.manifest, candidate.conf.file, variables);
        hideSecrets(candidate.plugin.manifest->settings, candidate.settings);
      } catch (const PluginRefusal& refusal) {
        candidate.refuse(refusal.state(), refusal.reason());
      }
    }
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

Compartment::Options Supervisor::compartmentOptions(const Candidate& candidate) const {
  const PluginLimits limits = effectiveLimits(candidate.conf, candidate.plugin.manifest);
  return {candidate.plugin.id,
          candidate.plugin.required,
          isWorker(candidate),
          options_.start_timeout,
          std::chrono::milliseconds{limits.deadline_ms},
          circuitLimits(limits),
          rateLimit(limits)};
}

/// Those that are closed already first: nobody waits for them.
std::vector<Supervisor::Step> Supervisor::order(std::vector<Candidate>& candidates) {
  std::vector<Manifest> manifests;
  for (const auto& candidate : candidates) {
    if (!candidate.plugin.isClosed()) manifests.push_back(*candidate.plugin.manifest);
  }
  const StartOrder order = startOrder(manifests);
  for (auto& manifest : manifests) {
    if (!order.blocked.contains(manifest.id)) manifests_.emplace(manifest.id, std::move(manifest));
  }
  std::vector<Step> steps(1);
  for (auto& candidate : candidates) {
    const auto blocked = order.blocked.find(candidate.plugin.id);
    if (blocked != order.blocked.end()) candidate.refuse(PluginState::Refused, blocked->second);
    if (candidate.plugin.isClosed()) steps[0].push_back(&candidate);
  }
  for (const auto& ids : order.steps) {
    Step& step = steps.emplace_back();
    for (const auto& id : ids) {
      step.push_back(&*std::find_if(candidates.begin(), candidates.end(), [&](const auto& one) {
        return !one.plugin.isClosed() && one.plugin.id == id;
      }));
    }
  }
  return steps;
}

/// What may hang runs side by side; what others see of it happens by id, whoever was faster.
void Supervisor::bootStep(const Step& step) {
  InOrder admissions;
  InOrder ends;
  inParallel(step.size(), [&](std::size_t number) {
    Candidate& candidate = *step[number];
    verifyAndCreate(candidate);
    admissions.await(number);
    guarded(candidate, [&] {
      if (candidate.open) admit(candidate);
    });
    admissions.pass(number);
    start(candidate);
    ends.pass(number, [&](std::size_t ended) { report(*step[ended]); });
  });
}

void Supervisor::admit(const Candidate& candidate) {
  const auto home = candidate.compartment->home();
  if (!home) return;  // it was closed meanwhile
  services_.admit(candidate.compartment, *home);
  services_.attend(candidate.compartment, *home);
}

void Supervisor::report(const Candidate& candidate) {
  if (candidate.open) remember(candidate);
  services_.changed(*candidate.compartment);
}

void Supervisor::verifyAndCreate(Candidate& candidate) {
  PluginCandidate& plugin = candidate.plugin;
  Compartment& compartment = *candidate.compartment;
  if (plugin.manifest) {
    compartment.describe(plugin.manifest->version, plugin.manifest->service,
                         plugin.library.string(), candidate.capabilities());
  } else if (plugin.state != PluginState::Disabled) {
    if (auto known = lastKnown(PluginCache{options_.cache_dir}, plugin.id))
      compartment.describe({}, std::move(known->service), plugin.library.string(),
                           std::move(known->capabilities));
  }
  if (stop_booting_) return;
  guarded(candidate, [&] {
    verify(plugin, PluginCache{options_.cache_dir}, candidate.settings);
    if (plugin.isClosed())
      compartment.enter(plugin.state, plugin.reason);
    else
      candidate.open = create(candidate);
  });
}

void Supervisor::start(Candidate& candidate) {
  if (!candidate.open) return;
  candidate.open = false;
  if (stop_booting_) {
    candidate.compartment->close(std::chrono::milliseconds{0});
    return;
  }
  guarded(candidate, [&] { candidate.open = candidate.compartment->start(); });
}

/// Beside another host, whose code works on the same store, as beside another generation.
bool Supervisor::create(Candidate& candidate) {
  if (data::isLeaseShared(services_.store_options(candidate.plugin.id)))
    candidate.company = data::MigrationCompany::OlderCode;
  auto home = newHome(candidate);
  if (candidate.ward) keeper_->adopt(candidate.ward, WorkerKeeper::Heir::OtherCode);
  return candidate.compartment->create(std::move(home));
}

PluginLimits Supervisor::limitsOf(const Candidate& candidate) {
  return candidate.limits ? *candidate.limits
                          : effectiveLimits(candidate.conf, candidate.plugin.manifest);
}

PluginCapabilities Supervisor::capabilitiesOf(const Candidate& candidate) const {
  PluginCapabilities said = candidate.capabilities();
  if (services_.ask_terms) said.asks = services_.ask_terms(candidate.plugin.id, said);
  return said;
}

std::shared_ptr<Home> Supervisor::newHome(Candidate& candidate) {
  return isWorker(candidate) ? workerHome(candidate) : inProcessHome(candidate);
}

bool Supervisor::isWorker(const Candidate& candidate) const {
  return candidate.conf.isolation.value_or(options_.isolation) == Isolation::Worker;
}

std::shared_ptr<Home> Supervisor::workerHome(Candidate& candidate) {
  const PluginCandidate& plugin = candidate.plugin;
  const PluginLimits limits = limitsOf(candidate);
  WorkerOrder order;
  order.plugin = plugin.id;
  order.version = plugin.manifest->version;
  order.library = plugin.copy;
  for (const auto& secret : secretsOf(plugin.manifest->settings, candidate.settings))
    order.secrets.emplace_back(secret);
  order.settings = candidate.settings;
  order.replaces = plugin.manifest->replaces;
  order.capabilities = capabilitiesOf(candidate);
  order.limits = homeLimits(limits);
  order.development = options_.development;
  data::StatementObserver observer;
  if (plugin.manifest->store) {
    const data::StoreOptions store = services_.store_options(plugin.id);
    tellOfStore(order, store);
    observer = data::observerOf(store);
  }
  order.lease_shared = candidate.by_turns;
  order.beside_older_code = candidate.company == data::MigrationCompany::OlderCode;
  order.descriptors_max = static_cast<std::uint64_t>(limits.descriptors);
  order.sandbox = candidate.conf.sandbox;
  if (!order.sandbox) {
    log(Level::Warn, "plugins", "The plugin's worker has no sandbox: its settings say so",
        {{"plugin", plugin.id}});
  }
  order.crash_folder = options_.crash_folder;
  order.host_version = options_.host_version;
  order.host_revision = options_.host_revision;
  auto worker = keeper_->candidateFor(candidate.compartment, std::move(order), careOf(limits),
                                      std::move(observer));
  candidate.ward = std::move(worker.ward);
  return std::move(worker.home);
}

std::shared_ptr<Home> Supervisor::inProcessHome(Candidate& candidate) const {
  const PluginCandidate& plugin = candidate.plugin;
  const auto library = std::make_shared<const PluginLibrary>(PluginLibrary::load(plugin.copy));
  InProcessHome::Foundation foundation{library, nullptr};
  data::Engine engine = data::Engine::Sqlite;
  if (plugin.manifest->store) {
    data::StoreOptions store = services_.store_options(plugin.id);
    engine = data::engineOf(store);
    foundation.lease_shared = data::isLeaseShared(store) || candidate.by_turns;
    data::setLeaseShared(store, foundation.lease_shared);
    foundation.store = storeOf(plugin.id, std::move(store));
  }
  const HomeLimits limits = homeLimits(limitsOf(candidate));
  HomeOptions options{plugin.id,
                      plugin.manifest->version,
                      candidate.settings,
                      plugin.manifest->replaces,
                      limits.deadline,
                      options_.development,
                      migrationOf(plugin.id, plugin.migrations, engine, candidate.company),
                      capabilitiesOf(candidate),
                      plugin.manifest->store};
  if (services_.events != nullptr)
    options.events = services_.events(options.capabilities.contracts);
  auto home = std::make_unique<PluginHome>(
      library->table(), std::move(options),
      HomeServices{services_.clock, services_.log, services_.metrics, foundation.store.get(),
                   nullptr, services_.capabilities, services_.http, services_.bell});
  return std::make_shared<InProcessHome>(std::move(home), std::move(foundation), limits,
                                         services_.bodies);
}

/// Two generations that live in this process have one store.
std::shared_ptr<data::Store> Supervisor::storeOf(const std::string& plugin,
                                                 data::StoreOptions options) const {
  const std::lock_guard lock{mutex_};
  auto& known = stores_[plugin];
  auto store = known.lock();
  if (!store || store->isFenced()) known = store = data::openStore(std::move(options));
  return store;
}

void Supervisor::setLimits(std::string_view id, const PluginLimits& limits, bool required) {
  const HomeLimits of_home = homeLimits(limits);
  if (const auto compartment = find(id))
    compartment->setLimits(of_home, circuitLimits(limits), rateLimit(limits), required);
  keeper_->setCare(std::string{id}, careOf(limits), of_home);
  const std::lock_guard lock{mutex_};
  const auto running = running_.find(std::string{id});
  if (running == running_.end()) return;
  auto changed = std::make_shared<Candidate>(*running->second);
  changed->limits = limits;
  changed->plugin.required = required;
  running->second = std::move(changed);
}

bool Supervisor::close(std::chrono::milliseconds patience) {
  stopChanges();
  endChanges(std::chrono::steady_clock::now() + patience);
  endRecycling();
  keeper_->stop();
  std::vector<std::shared_ptr<Compartment>> started;
  {
    const std::lock_guard lock{mutex_};
    started.swap(started_);
  }
  const auto end = std::chrono::steady_clock::now() + patience;
  bool clean = true;
  for (auto next = started.rbegin(); next != started.rend(); ++next) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    clean = (*next)->close(std::max(left, std::chrono::milliseconds{0})) && clean;
    services_.changed(**next);
  }
  return clean;
}

std::vector<std::shared_ptr<Compartment>> Supervisor::compartments() const {
  const std::lock_guard lock{mutex_};
  auto all = compartments_;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->id() < b->id(); });
  return all;
}

std::shared_ptr<Compartment> Supervisor::find(std::string_view id) const {
  const std::lock_guard lock{mutex_};
  for (const auto& compartment : compartments_) {
    if (compartment->id() == id) return compartment;
  }
  return nullptr;
}

}  // namespace bulkhead::host
