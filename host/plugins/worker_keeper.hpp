#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "plugins/compartment.hpp"
#include "plugins/restart_budget.hpp"
#include "plugins/worker_care.hpp"
#include "plugins/worker_home.hpp"

namespace bulkhead::host {

/// Watches over all workers: notices those that hang or take too much, ends them, and starts what
/// has ended again, within its budget. Thread-safe.
class WorkerKeeper {
 public:
  struct Services {
    WorkerServices worker;  ///< `on_statement` and `ended` are each home's
    /// After each change of a plugin's state.
    std::function<void(const Compartment&)> changed;
    std::function<int()> log_level;                         ///< of the host's log, now
    std::function<std::chrono::microseconds()> slow_query;  ///< likewise
    std::function<bool()> lease_shared;  ///< whether stores that are opened now are
    /// One holds more memory than its soft limit: puts another generation in its place, without
    /// making the caller wait; the reason is a clause. False when that cannot be begun now.
    std::function<bool(const std::string& plugin, std::string reason)> recycle;
    /// Told of each end, for its record; does not wait for a disk.
    std::function<void(const PluginStatus&, const WorkerEnd&)> record;
  };

  explicit WorkerKeeper(Services services);
  ~WorkerKeeper();
  WorkerKeeper(const WorkerKeeper&) = delete;
  WorkerKeeper& operator=(const WorkerKeeper&) = delete;

  struct Ward;
  /// A home that is not looked after until adopt(): its end is the failure of create() and start().
  struct Candidate {
    std::shared_ptr<Home> home;
    std::shared_ptr<Ward> ward;
  };

  /// Of the same code as the one before it, what that one did counts on.
  enum class Heir { OtherCode, SameCode };

  Candidate candidateFor(const std::shared_ptr<Compartment>& compartment, WorkerOrder order,
                         WorkerCare care, data::StatementObserver on_statement);
  /// It is what its plugin lives in: looked after from now on, and the one before it no more.
  void adopt(const std::shared_ptr<Ward>& ward, Heir heir);
  /// Nothing of the plugin is looked after or started again any more.
  void forget(const std::string& plugin);
  /// Nothing of another generation works on its store any more.
  void setAlone(const std::string& plugin);
  /// From now on, for its next worker, too; nothing for a plugin that does not live in one.
  void setCare(const std::string& plugin, const WorkerCare& care, const HomeLimits& limits);
  /// It will not be started again by itself, until restartNow(). True when it would have been.
  bool cancelRestart(const std::string& plugin);
  void restartNow(const std::string& plugin);
  /// Starts one that is quarantined, or waits for its next start, at once. False for any other.
  bool release(const std::string& plugin);
  /// Starts nothing any more.
  void stop();

 private:
  void retire(const std::shared_ptr<Ward>& ward);
  void work();
  void startIfDue(const std::shared_ptr<Ward>& ward);
  void look(Ward& ward);
  void endIfHung(Ward& ward, WorkerHome& home, const WorkerUsage& usage, const WorkerCare& care);
  void recycleIfLarge(Ward& ward, const WorkerUsage& usage, const WorkerCare& care);
  void tellNeed(Ward& ward, bool needs_more, const std::string& holds);
  void handleEnd(const std::shared_ptr<Ward>& ward, WorkerEnd end);
  bool isForLater(Ward& ward, WorkerEnd& end);
  void restart(const std::shared_ptr<Ward>& ward);
  std::shared_ptr<WorkerHome> newHome(const std::shared_ptr<Ward>& ward);

  const Services services_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, std::shared_ptr<Ward>> wards_;
  std::vector<std::shared_ptr<Ward>> retired_;  ///< whose homes still end what they have begun
  std::vector<std::pair<std::shared_ptr<Ward>, WorkerEnd>> ends_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bulkhead::host
