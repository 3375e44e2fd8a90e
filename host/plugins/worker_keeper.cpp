#include "plugins/worker_keeper.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <pthread.h>
#include <system_error>
#include <utility>

#include <bulkhead/error.hpp>

#include "logging/log.hpp"
#include "logging/log_context.hpp"
#include "plugins/processor_share.hpp"
#include "plugins/recycle_pace.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock::time_point;

constexpr milliseconds kLook{100};
/// From SIGABRT, whose record has the stack, to SIGKILL.
constexpr milliseconds kMercy{2'000};
/// For a pause as long as this calls wait for the next generation.
constexpr milliseconds kSoon{1'000};

void refuseAll(const WorkerEnd& end) {
  for (const auto& held : end.calls) {
    held.call->refuse(Error::app("DRAINING", "The host is stopping.").withRetryAfter(5));
  }
}

}  // namespace

/// One plugin that lives in workers, one after the other.
struct WorkerKeeper::Ward {
  std::weak_ptr<Compartment> compartment;
  std::string plugin;
  WorkerOrder order;
  WorkerCare care;
  data::StatementObserver on_statement;
  RestartBudget budget{WorkerCare{}.restarts, WorkerCare{}.restart_window};
  RecyclePace pace;
  bool recycled = false;    ///< this generation is to be replaced for its memory
  bool needs_more = false;  ///< it has come in such a place, and holds as much
  bool said_so = false;
  ProcessorShare share;
  pid_t process = 0;  ///< whose share that is
  std::weak_ptr<WorkerHome> home;
  std::optional<Time> start_at;  ///< it has ended, and is started then
  std::optional<Time> abort_at;  ///< SIGABRT was sent; SIGKILL follows then
  bool starting = false;
  std::thread starter;
  enum class Place { Candidate, Living, Retired } place = Place::Candidate;
  std::uint64_t line = 0;              ///< of the compartment
  std::optional<WorkerEnd> early_end;  ///< that a candidate had
};

WorkerKeeper::WorkerKeeper(Services services) : services_{std::move(services)} {
  thread_ = std::thread{[this] { work(); }};
  pthread_setname_np(thread_.native_handle(), "keeper");
}

WorkerKeeper::~WorkerKeeper() {
  stop();
}

void WorkerKeeper::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::map<std::string, std::shared_ptr<Ward>> wards;
  std::vector<std::pair<std::shared_ptr<Ward>, WorkerEnd>> ends;
  {
    const std::lock_guard lock{mutex_};
    wards = wards_;
    ends.swap(ends_);
    retired_.clear();
  }
  for (const auto& [ward, end] : ends) refuseAll(end);
  for (const auto& [plugin, ward] : wards) {
    std::shared_ptr<WorkerHome> home;
    {
      const std::lock_guard lock{mutex_};
      if (ward->starting) home = ward->home.lock();
    }
    if (home) home->interrupt();
    if (ward->starter.joinable()) ward->starter.join();
  }
}

WorkerKeeper::Candidate WorkerKeeper::candidateFor(const std::shared_ptr<Compartment>& compartment,
                                                   WorkerOrder order, WorkerCare care,
                                                   data::StatementObserver on_statement) {
  auto ward = std::make_shared<Ward>();
  ward->compartment = compartment;
  ward->plugin = compartment->id();
  ward->order = std::move(order);
  ward->care = care;
  ward->on_statement = std::move(on_statement);
  ward->budget.setLimits(care.restarts, care.restart_window);
  auto home = newHome(ward);
  return {std::move(home), std::move(ward)};
}

void WorkerKeeper::adopt(const std::shared_ptr<Ward>& ward, Heir heir) {
  const auto compartment = ward->compartment.lock();
  const std::uint64_t line = compartment ? compartment->line() : 0;
  std::shared_ptr<Ward> before;
  {
    const std::lock_guard lock{mutex_};
    before = std::exchange(wards_[ward->plugin], ward);
    if (before && heir == Heir::SameCode) {
      ward->budget = before->budget;
      ward->pace = before->pace;
      ward->said_so = before->said_so;
    }
    ward->place = Ward::Place::Living;
    ward->line = line;
    if (ward->early_end) ends_.emplace_back(ward, *std::exchange(ward->early_end, std::nullopt));
  }
  wake_.notify_all();
  if (before && before != ward) retire(before);
}

void WorkerKeeper::forget(const std::string& plugin) {
  std::shared_ptr<Ward> ward;
  {
    const std::lock_guard lock{mutex_};
    const auto found = wards_.find(plugin);
    if (found == wards_.end()) return;
    ward = std::move(found->second);
    wards_.erase(found);
  }
  retire(ward);
}

/// What it is about to start is not wanted any more.
void WorkerKeeper::retire(const std::shared_ptr<Ward>& ward) {
  std::shared_ptr<WorkerHome> starting;
  std::thread starter;
  {
    const std::lock_guard lock{mutex_};
    ward->place = Ward::Place::Retired;
    ward->start_at.reset();
    if (!stopping_) retired_.push_back(ward);
    if (ward->starting) starting = ward->home.lock();
    starter = std::move(ward->starter);
  }
  if (starting) starting->interrupt();
  if (starter.joinable()) starter.join();
}

std::shared_ptr<WorkerHome> WorkerKeeper::newHome(const std::shared_ptr<Ward>& ward) {
  WorkerServices services = services_.worker;
  services.on_statement = ward->on_statement;
  services.ended = [this, weak = std::weak_ptr{ward}](WorkerEnd end) {
    const auto lost = weak.lock();
    if (!lost) return;
    {
      const std::lock_guard lock{mutex_};
      if (!stopping_) ends_.emplace_back(lost, std::exchange(end, {}));
    }
    refuseAll(end);  // nobody starts another one
    wake_.notify_all();
  };
  WorkerOrder order;
  {
    const std::lock_guard lock{mutex_};
    order = ward->order;
  }
  order.lease_shared = order.lease_shared || services_.lease_shared();
  auto home = std::make_shared<WorkerHome>(std::move(order), std::move(services));
  home->setLogLevel(services_.log_level());
  home->setSlowQuery(services_.slow_query());
  const std::lock_guard lock{mutex_};
  ward->home = home;
  return home;
}

void WorkerKeeper::setAlone(const std::string& plugin) {
  const std::lock_guard lock{mutex_};
  const auto found = wards_.find(plugin);
  if (found == wards_.end()) return;
  found->second->order.lease_shared = false;
  found->second->order.beside_older_code = false;
}

void WorkerKeeper::setCare(const std::string& plugin, const WorkerCare& care,
                           const HomeLimits& limits) {
  const std::lock_guard lock{mutex_};
  const auto found = wards_.find(plugin);
  if (found == wards_.end()) return;
  found->second->care = care;
  found->second->order.limits = limits;
  found->second->budget.setLimits(care.restarts, care.restart_window);
}

bool WorkerKeeper::cancelRestart(const std::string& plugin) {
  const std::lock_guard lock{mutex_};
  const auto found = wards_.find(plugin);
  if (found == wards_.end()) return false;
  return std::exchange(found->second->start_at, std::nullopt).has_value();
}

void WorkerKeeper::restartNow(const std::string& plugin) {
  const std::lock_guard lock{mutex_};
  const auto found = wards_.find(plugin);
  if (found != wards_.end()) found->second->start_at = Time{};
  wake_.notify_all();
}

bool WorkerKeeper::release(const std::string& plugin) {
  const std::lock_guard lock{mutex_};
  const auto found = wards_.find(plugin);
  if (found == wards_.end()) return false;
  Ward& ward = *found->second;
  if (ward.starting) return false;
  const auto compartment = ward.compartment.lock();
  const bool quarantined = compartment && compartment->status().state == PluginState::Quarantined;
  if (!quarantined && !ward.start_at) return false;
  ward.budget.forgive();
  ward.start_at = Time{};
  wake_.notify_all();
  return true;
}

void WorkerKeeper::work() {
  std::unique_lock lock{mutex_};
  while (!stopping_) {
    wake_.wait_for(lock, kLook, [&] { return stopping_ || !ends_.empty(); });
    auto ends = std::exchange(ends_, {});
    std::vector<std::shared_ptr<Ward>> wards;
    for (const auto& [plugin, ward] : wards_) wards.push_back(ward);
    std::erase_if(retired_, [](const auto& ward) { return ward->home.expired(); });
    wards.insert(wards.end(), retired_.begin(), retired_.end());
    lock.unlock();
    for (auto& [ward, end] : ends) handleEnd(ward, std::move(end));
    for (const auto& ward : wards) look(*ward);
    lock.lock();
    for (const auto& ward : wards) startIfDue(ward);
  }
}

/// Under the lock.
void WorkerKeeper::startIfDue(const std::shared_ptr<Ward>& ward) {
  const bool due = ward->place == Ward::Place::Living && ward->start_at &&
                   *ward->start_at <= std::chrono::steady_clock::now();
  const auto home = ward->home.lock();
  if (stopping_ || ward->starting || !due || (home && home->isAlive())) return;
  ward->start_at.reset();
  ward->starting = true;
  if (ward->starter.joinable()) ward->starter.join();
  try {
    ward->starter = std::thread{[this, ward] { restart(ward); }};
  } catch (const std::system_error&) {  // no thread to be had now
    ward->starting = false;
    ward->start_at = std::chrono::steady_clock::now() + kSoon;
  }
}

/// What hangs gets the signal whose record has its stack, and then the one that nobody survives.
void WorkerKeeper::look(Ward& ward) {
  std::shared_ptr<WorkerHome> home;
  WorkerCare care;
  {
    const std::lock_guard lock{mutex_};
    if (!ward.starting) home = ward.home.lock();
    care = ward.care;
  }
  if (!home || !home->isAlive() || home->processId() == 0) return;  // it has yet to begin
  home->setLogLevel(services_.log_level());
  home->setSlowQuery(services_.slow_query());
  const auto now = std::chrono::steady_clock::now();
  if (ward.abort_at) {
    if (now >= *ward.abort_at) home->kill(SIGKILL, {}, true);
    return;
  }
  const WorkerUsage usage = home->measure();
  if (auto reason = excessOf(usage, care); !reason.empty()) {
    home->kill(SIGKILL, std::move(reason), false);
    return;
  }
  endIfHung(ward, *home, usage, care);
  recycleIfLarge(ward, usage, care);
}

void WorkerKeeper::endIfHung(Ward& ward, WorkerHome& home, const WorkerUsage& usage,
                             const WorkerCare& care) {
  const auto now = std::chrono::steady_clock::now();
  if (const pid_t process = home.processId(); std::exchange(ward.process, process) != process)
    ward.share.forget();
  const auto share = ward.share.add(now, usage.processor, care.processor_window);
  const auto silent = std::chrono::duration_cast<milliseconds>(now - home.lastBeat());
  auto reason = hangOf(home.longestOverdue(), silent, share, care);
  if (reason.empty()) return;
  ward.abort_at = now + kMercy;
  home.kill(SIGABRT, std::move(reason), true);
}

/// One that has as much again right after its start needs it: that is said, and not repeated.
void WorkerKeeper::recycleIfLarge(Ward& ward, const WorkerUsage& usage, const WorkerCare& care) {
  const bool above = care.memory_soft_bytes > 0 && usage.memory_bytes > care.memory_soft_bytes;
  const auto now = std::chrono::steady_clock::now();
  RecyclePace::Verdict verdict{};
  RecyclePace before;
  bool is_heir = false;  // it has come in the place of one that held as much
  {
    const std::lock_guard lock{mutex_};
    if (ward.place != Ward::Place::Living || ward.starting) return;
    before = ward.pace;
    verdict = before.look(now, above);
    is_heir = !ward.recycled;
    if (verdict == RecyclePace::Verdict::Recycle) ward.pace.recycled(now);
  }
  const std::string holds = fmt::format("held {} MiB of memory, above its soft limit of {}",
                                        usage.memory_bytes >> 20U, care.memory_soft_bytes >> 20U);
  tellNeed(ward, verdict == RecyclePace::Verdict::Wait && is_heir, holds);
  if (verdict != RecyclePace::Verdict::Recycle) return;
  const bool begun = services_.recycle(ward.plugin, holds);
  const std::lock_guard lock{mutex_};
  ward.recycled = ward.recycled || begun;
  if (!begun) ward.pace = before;
}

void WorkerKeeper::tellNeed(Ward& ward, bool needs_more, const std::string& holds) {
  bool is_first = false;
  std::chrono::seconds wait{0};
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(ward.needs_more, needs_more) == needs_more) return;
    is_first = needs_more && !std::exchange(ward.said_so, true);
    wait =
        std::chrono::ceil<std::chrono::seconds>(ward.pace.wait(std::chrono::steady_clock::now()));
  }
  const auto compartment = ward.compartment.lock();
  if (!compartment) return;
  const std::string reason = fmt::format(
      "Its process {}, soon after another generation took its place: it needs more "
      "than limits.memory_soft_mb. The next one comes in {} s at the earliest.",
      holds, wait.count());
  compartment->setImpairment(needs_more ? "over_soft_limit" : "", needs_more ? reason : "");
  if (!is_first) return;
  LogContext context;
  context.plugin = ward.plugin;
  const LogScope scope{context};
  log(Level::Warn, "plugins", "A plugin needs more memory than its soft limit",
      {{"reason", reason}});
}

void WorkerKeeper::handleEnd(const std::shared_ptr<Ward>& ward, WorkerEnd end) {
  const auto compartment = ward->compartment.lock();
  if (!compartment || isForLater(*ward, end)) return;
  const PluginStatus before = compartment->status();
  services_.record(before, end);
  if (!end.started) return;  // its create() or start() says so
  std::optional<milliseconds> pause;
  std::string reason = fmt::format("Its process {}.", end.reason);
  {
    const std::lock_guard lock{mutex_};
    ward->abort_at.reset();
    const bool living = ward->place == Ward::Place::Living;
    if (living && !end.abandoned) pause = ward->budget.died(std::chrono::steady_clock::now());
    reason += pause ? fmt::format(" It is started again{}.",
                                  pause->count() == 0 ? std::string{" at once"}
                                                      : fmt::format(" in {} ms", pause->count()))
                    : fmt::format(
                          " That was {} times within {} s: it stays closed until it is "
                          "released.",
                          ward->budget.recentDeaths(), ward->care.restart_window.count() / 1000);
  }
  const PluginState state = !pause     ? PluginState::Quarantined
                            : end.hung ? PluginState::Hung
                                       : PluginState::Crashed;
  const bool current =
      compartment->lost(end.home, state, std::move(reason), pause && *pause <= kSoon, end.calls);
  if (current && pause) {
    const std::lock_guard lock{mutex_};
    ward->start_at = std::chrono::steady_clock::now() + *pause;
  }
  if (current) services_.changed(*compartment);
}

/// Of a candidate that had started: adopt() hands it over.
bool WorkerKeeper::isForLater(Ward& ward, WorkerEnd& end) {
  const std::lock_guard lock{mutex_};
  if (ward.place != Ward::Place::Candidate || !end.started) return false;
  ward.early_end = std::move(end);
  return true;
}

void WorkerKeeper::restart(const std::shared_ptr<Ward>& ward) {
  std::string problem = "the host stops";
  const auto compartment = ward->compartment.lock();
  bool running = false;
  try {
    const auto home = newHome(ward);
    bool wanted = false;
    std::uint64_t line = 0;
    {
      const std::lock_guard lock{mutex_};
      wanted = !stopping_ && ward->place == Ward::Place::Living;
      line = ward->line;
    }
    running = wanted && compartment && compartment->replace(home, line, problem);
    // a takeover may have begun or ended while it started
    if (running && home->hasStore())
      home->shareLease(services_.lease_shared(), std::chrono::steady_clock::now() + kSoon);
  } catch (const std::exception& error) {
    problem = error.what();  // of a lease: it is given back at the end of the running group
  }
  {
    const std::lock_guard lock{mutex_};
    ward->starting = false;
    ward->recycled = ward->needs_more = false;
    if (!compartment || ward->place == Ward::Place::Retired) return;
    if (!running) {
      const auto now = std::chrono::steady_clock::now();
      const auto pause = stopping_ ? std::nullopt : ward->budget.died(now);
      if (pause) ward->start_at = now + *pause;
      compartment->giveUpWaiting(ward->line, pause ? PluginState::Failed : PluginState::Quarantined,
                                 fmt::format("It could not be started again: {}", problem));
    }
  }
  services_.changed(*compartment);
}

}  // namespace bulkhead::host
