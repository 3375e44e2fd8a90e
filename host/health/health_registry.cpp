#include "health/health_registry.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>

#include "health/check_state.hpp"
#include "runtime/published.hpp"

namespace bulkhead::host::health {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::ptrdiff_t kRunningPerOwnerMax = 2;

void requireValid(const CheckSpec& spec) {
  const bool valid = !spec.name.empty() && !spec.owner.empty() && spec.check &&
                     spec.interval.count() > 0 && spec.timeout.count() > 0 &&
                     spec.failure_threshold > 0 && spec.success_threshold > 0;
  if (valid) return;
  throw Error::configuration("HEALTH_CHECK_INVALID",
                             "Health check '" + spec.name +
                                 "' needs a name, an owner, a function, and an interval, time-out "
                                 "and thresholds above 0.");
}

struct Outcome {
  CheckResult result;
  std::string exception;  ///< for the log
};

Outcome runGuarded(const CheckSpec& spec) {
  Outcome outcome{{Status::Critical, "exception", "The check failed unexpectedly.", {}, {}, {}},
                  {}};
  try {
    outcome.result = spec.check(spec.timeout);
  } catch (const Error& error) {
    outcome.result.message = error.message();
  } catch (const std::exception& error) {
    outcome.exception = error.what();
  } catch (...) {
    outcome.exception = "an exception that is no std::exception";
  }
  return outcome;
}

}  // namespace

/// All state, kept alive by each thread that uses it.
class HealthRegistry::Core : public std::enable_shared_from_this<Core> {
 public:
  explicit Core(RegistryOptions options) : options_{std::move(options)} {}

  void start();
  void stop();
  void add(CheckSpec spec);
  bool remove(std::string_view owner, std::chrono::milliseconds patience);
  bool requestImmediate(std::string_view name);
  void runAgain(std::string_view owner);
  std::shared_ptr<const HealthSnapshot> snapshot() const { return snapshot_.load(); }

 private:
  struct Entry {
    Entry(CheckSpec given, TimePoint now) : spec{std::move(given)}, state{spec, now} {}
    const CheckSpec spec;
    CheckState state;
    bool queued = false;
    bool removed = false;
  };
  using EntryPtr =
      std::shared_ptr<Entry>;  // held by the map, the queue and the thread that runs it
  using Lock = std::unique_lock<std::mutex>;

  void schedule();
  void work();
  void startWorker();
  int wantedWorkers() const {
    return options_.threads + std::min(hung_, options_.replacements_max);
  }
  TimePoint advance(TimePoint now, std::vector<CheckTransition>& transitions);
  void giveUp(Entry& entry, TimePoint now, std::vector<CheckTransition>& transitions);
  std::deque<EntryPtr>::iterator nextToRun();
  void run(Lock& lock, const EntryPtr& entry);
  void finish(Lock& lock, const EntryPtr& entry, Outcome outcome);
  void publish();
  std::optional<CheckTransition> apply(Entry& entry, const std::function<void()>& change);
  void announce(const CheckTransition& transition) const;

  const RegistryOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable scheduler_wake_;
  std::condition_variable workers_wake_;
  std::condition_variable returned_;
  std::map<std::string, EntryPtr, std::less<>> entries_;
  std::deque<EntryPtr> ready_;
  std::vector<EntryPtr> running_;
  int workers_ = 0;
  int hung_ = 0;
  bool scheduling_ = false;
  bool stopping_ = false;
  std::uint64_t next_id_ = 1;
  std::minstd_rand random_{std::random_device{}()};
  Published<HealthSnapshot> snapshot_{std::make_shared<const HealthSnapshot>()};
};

void HealthRegistry::Core::start() {
  const Lock lock{mutex_};
  for (int i = 0; i < options_.threads; ++i) startWorker();
  scheduling_ = true;
  std::thread{[self = shared_from_this()] { self->schedule(); }}.detach();
}

void HealthRegistry::Core::stop() {
  Lock lock{mutex_};
  stopping_ = true;
  ready_.clear();
  scheduler_wake_.notify_all();
  workers_wake_.notify_all();
  returned_.wait_for(lock, options_.stop_patience,
                     [this] { return workers_ == 0 && !scheduling_; });
}

void HealthRegistry::Core::add(CheckSpec spec) {
  requireValid(spec);
  const Lock lock{mutex_};
  if (const auto found = entries_.find(spec.name); found != entries_.end()) {
    throw Error::configuration("HEALTH_CHECK_EXISTS", "Health check '" + spec.name + "' of '" +
                                                          spec.owner +
                                                          "' is already registered by '" +
                                                          found->second->spec.owner + "'.");
  }
  std::string name = spec.name;
  entries_.emplace(std::move(name), std::make_shared<Entry>(std::move(spec), Clock::now()));
  publish();
  scheduler_wake_.notify_one();
}

bool HealthRegistry::Core::remove(std::string_view owner, std::chrono::milliseconds patience) {
  Lock lock{mutex_};
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const bool theirs = entry->second->spec.owner == owner;
    if (theirs) entry->second->removed = true;
    entry = theirs ? entries_.erase(entry) : std::next(entry);
  }
  ready_.erase(std::remove_if(ready_.begin(), ready_.end(),
                              [](const EntryPtr& entry) { return entry->removed; }),
               ready_.end());
  publish();
  return returned_.wait_for(lock, patience, [&] {
    return std::none_of(running_.begin(), running_.end(),
                        [&](const EntryPtr& entry) { return entry->spec.owner == owner; });
  });
}

bool HealthRegistry::Core::requestImmediate(std::string_view name) {
  const Lock lock{mutex_, std::try_to_lock};
  if (!lock.owns_lock()) return false;
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second->queued) return false;
  if (!found->second->state.requestNow(Clock::now())) return false;
  scheduler_wake_.notify_one();
  return true;
}

void HealthRegistry::Core::runAgain(std::string_view owner) {
  const Lock lock{mutex_};
  const TimePoint now = Clock::now();
  for (const auto& [name, entry] : entries_) {
    if (entry->spec.owner == owner) entry->state.runAgain(now);
  }
  scheduler_wake_.notify_one();
}

void HealthRegistry::Core::schedule() {
  Lock lock{mutex_};
  while (!stopping_) {
    std::vector<CheckTransition> transitions;
    const TimePoint next = advance(Clock::now(), transitions);
    if (!transitions.empty()) {
      lock.unlock();
      for (const auto& transition : transitions) announce(transition);
      lock.lock();
      continue;
    }
    scheduler_wake_.wait_until(lock, next);
  }
  scheduling_ = false;
  returned_.notify_all();
}

/// Gives up on what is overdue and queues what is due; returns when to look again.
TimePoint HealthRegistry::Core::advance(TimePoint now, std::vector<CheckTransition>& transitions) {
  TimePoint next = now + std::chrono::seconds{1};
  for (const auto& entry : running_) {
    if (entry->state.isOverdue(now)) giveUp(*entry, now, transitions);
    next = std::min(next, entry->state.nextEvent());
  }
  for (const auto& [name, entry] : entries_) {
    if (entry->queued || entry->state.isRunning()) continue;
    if (entry->state.isDue(now)) {
      entry->queued = true;
      ready_.push_back(entry);
      workers_wake_.notify_one();
    } else {
      next = std::min(next, entry->state.nextEvent());
    }
  }
  return next;
}

void HealthRegistry::Core::giveUp(Entry& entry, TimePoint now,
                                  std::vector<CheckTransition>& transitions) {
  if (!entry.state.isAbandoned()) ++hung_;
  const auto transition = apply(entry, [&] { entry.state.timeOut(now); });
  if (transition && !entry.removed) transitions.push_back(*transition);
  if (workers_ >= wantedWorkers()) return;
  try {
    startWorker();
  } catch (const std::system_error&) {
    // No thread to be had now: the next time-out tries again, and the checks that wait show as
    // stale.
  }
}

void HealthRegistry::Core::startWorker() {
  std::thread{[self = shared_from_this()] { self->work(); }}.detach();
  ++workers_;
}

void HealthRegistry::Core::work() {
  Lock lock{mutex_};
  while (!stopping_ && workers_ <= wantedWorkers()) {
    const auto next = nextToRun();
    if (next == ready_.end()) {
      workers_wake_.wait(lock);
      continue;
    }
    const EntryPtr entry = *next;
    ready_.erase(next);
    run(lock, entry);
  }
  --workers_;
  if (!ready_.empty()) workers_wake_.notify_one();  // ours may have been its only wake-up
  returned_.notify_all();
}

std::deque<HealthRegistry::Core::EntryPtr>::iterator HealthRegistry::Core::nextToRun() {
  return std::find_if(ready_.begin(), ready_.end(), [this](const EntryPtr& waiting) {
    const std::string& owner = waiting->spec.owner;
    return owner == "host" ||
           std::count_if(running_.begin(), running_.end(), [&](const EntryPtr& other) {
             return other->spec.owner == owner;
           }) < kRunningPerOwnerMax;
  });
}

void HealthRegistry::Core::run(Lock& lock, const EntryPtr& entry) {
  entry->queued = false;
  entry->state.begin(Clock::now());
  running_.push_back(entry);
  scheduler_wake_.notify_one();

  lock.unlock();
  Outcome outcome = runGuarded(entry->spec);
  lock.lock();
  finish(lock, entry, std::move(outcome));
}

void HealthRegistry::Core::finish(Lock& lock, const EntryPtr& entry, Outcome outcome) {
  running_.erase(std::find(running_.begin(), running_.end(), entry));
  if (entry->state.isAbandoned()) --hung_;
  const double jitter = std::uniform_real_distribution<>{0.9, 1.1}(random_);
  const auto transition =
      apply(*entry, [&] { entry->state.finish(std::move(outcome.result), Clock::now(), jitter); });
  returned_.notify_all();
  scheduler_wake_.notify_one();
  if (!ready_.empty()) workers_wake_.notify_one();  // its owner's next one may run now
  // After stop() or remove(), what the callbacks captured may be gone.
  if (stopping_ || entry->removed) return;
  lock.unlock();
  if (!outcome.exception.empty() && options_.on_exception)
    options_.on_exception(entry->spec.name, outcome.exception);
  if (transition) announce(*transition);
  lock.lock();
}

void HealthRegistry::Core::publish() {
  std::vector<CheckReport> reports;
  reports.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) reports.push_back(entry->state.report());
  snapshot_.store(std::make_shared<const HealthSnapshot>(next_id_++, std::move(reports)));
}

std::optional<CheckTransition> HealthRegistry::Core::apply(Entry& entry,
                                                           const std::function<void()>& change) {
  const Status before = entry.state.report().status;
  change();
  const CheckReport& report = entry.state.report();
  publish();
  if (report.status == before) return {};
  return CheckTransition{report.name,   report.owner,     before,
                         report.status, report.last.code, report.last.message};
}

void HealthRegistry::Core::announce(const CheckTransition& transition) const {
  if (options_.on_transition) options_.on_transition(transition);
}

HealthRegistry::HealthRegistry(RegistryOptions options)
    : core_{std::make_shared<Core>(std::move(options))} {
  core_->start();
}

HealthRegistry::~HealthRegistry() {
  core_->stop();
}

void HealthRegistry::add(CheckSpec spec) {
  core_->add(std::move(spec));
}

bool HealthRegistry::remove(std::string_view owner, std::chrono::milliseconds patience) {
  return core_->remove(owner, patience);
}

bool HealthRegistry::requestImmediate(std::string_view name) {
  return core_->requestImmediate(name);
}

void HealthRegistry::runAgain(std::string_view owner) {
  core_->runAgain(owner);
}

void HealthRegistry::requestImmediateOfFailing() {
  const auto current = snapshot();
  for (const auto& check : current->checks) {
    if (check.status != Status::Healthy) core_->requestImmediate(check.name);
  }
}

std::shared_ptr<const HealthSnapshot> HealthRegistry::snapshot() const {
  return core_->snapshot();
}

}  // namespace bulkhead::host::health
