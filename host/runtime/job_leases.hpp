#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/job_rows.hpp"

namespace bulkhead::host {

/// The runs of jobs that a home is at, whose leases a thread of its own renews: what a handler does
/// meanwhile, or how long, keeps nothing from it. The thread is made with the first run.
/// Thread-safe.
class JobLeases {
 public:
  /// Renews that run's lease in the store; may throw.
  using Renew = std::function<void(const jobs::Run& run)>;

  explicit JobLeases(Renew renew);
  ~JobLeases();
  JobLeases(const JobLeases&) = delete;
  JobLeases& operator=(const JobLeases&) = delete;

  /// Holds a run's lease for as long as it lives.
  class Held {
   public:
    Held(JobLeases& leases, jobs::Run run);
    ~Held();
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    JobLeases& leases_;
    const jobs::Run run_;
  };

  std::vector<jobs::Run> running() const;

 private:
  void live();

  const Renew renew_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<jobs::Run> running_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace bulkhead::host
