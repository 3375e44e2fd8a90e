#include "runtime/job_leases.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <pthread.h>
#include <utility>

namespace bulkhead::host {
namespace {

constexpr std::chrono::microseconds kRenewal{jobs::kLeaseUs / 3};

}  // namespace

JobLeases::JobLeases(Renew renew) : renew_{std::move(renew)} {}

JobLeases::~JobLeases() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

JobLeases::Held::Held(JobLeases& leases, jobs::Run run) : leases_{leases}, run_{run} {
  const std::lock_guard lock{leases_.mutex_};
  if (!leases_.thread_.joinable()) {
    leases_.thread_ = std::thread{[&leases] { leases.live(); }};
    pthread_setname_np(leases_.thread_.native_handle(), "leases");
  }
  leases_.running_.push_back(run);
}

JobLeases::Held::~Held() {
  const std::lock_guard lock{leases_.mutex_};
  const auto own = std::find_if(
      leases_.running_.begin(), leases_.running_.end(),
      [&](const jobs::Run& one) { return one.seq == run_.seq && one.token == run_.token; });
  if (own != leases_.running_.end()) leases_.running_.erase(own);
}

std::vector<jobs::Run> JobLeases::running() const {
  const std::lock_guard lock{mutex_};
  return running_;
}

void JobLeases::live() {
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      if (changed_.wait_for(lock, kRenewal, [&] { return ended_; })) return;
    }
    for (const auto& run : running()) {
      try {
        renew_(run);
      } catch (const std::exception&) {
        // the store is away: as long as this process lives nobody takes the job from it
        break;
      }
    }
  }
}

}  // namespace bulkhead::host
