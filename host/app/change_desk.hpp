#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "app/route_catalog.hpp"
#include "runtime/lane.hpp"

namespace bulkhead::host {

/// Administrators' changes that may take long, each on a thread of the desk's own: whoever asks for
/// one waits for a bounded time, and can look afterwards what became of it.
///   GET /api/admin/changes        those that run, and the last ones that have ended
///   GET /api/admin/changes/{id}   one of them, with its answer
/// Thread-safe.
class ChangeDesk {
 public:
  static constexpr std::size_t kAtOnce = 8;
  static constexpr std::size_t kKept = 100;  ///< that have ended
  /// What a change may take before a host that stops leaves its thread behind.
  static constexpr std::chrono::seconds kChangeMax{240};
  static constexpr std::chrono::milliseconds kWait{25'000};  ///< unless the request says otherwise
  static constexpr std::chrono::milliseconds kWaitMax{120'000};

  ChangeDesk();
  ~ChangeDesk();
  ChangeDesk(const ChangeDesk&) = delete;
  ChangeDesk& operator=(const ChangeDesk&) = delete;

  /// The route as the desk answers it: `?wait_ms=N` says how long whoever asks waits. Then it is
  /// 202 with `Location`, and goes on. 503 OVERLOADED when as many run as may. This outlives it.
  HostRoute take(HostRoute route);
  std::vector<HostRoute> routes();
  /// Takes no more, and waits for those that run; false when `patience` ran out.
  bool drain(std::chrono::milliseconds patience);

 private:
  struct Change;

  std::shared_ptr<Change> begin(const HttpRequest& request,
                                const std::function<HttpResponse(const HttpRequest&)>& answer);
  HttpResponse answerWithin(const std::shared_ptr<Change>& change, std::chrono::milliseconds wait);
  void end(Change& change, HttpResponse answer);
  void forgetOldest();
  HttpResponse list() const;
  HttpResponse show(std::string_view id) const;

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::deque<std::shared_ptr<Change>> changes_;  // the oldest first
  Lane lane_{"changes", {kAtOnce, 0}};           // its threads use what stands above
};

}  // namespace bulkhead::host
