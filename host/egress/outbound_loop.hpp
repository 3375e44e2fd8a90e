#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <curl/curl.h>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/outbound.hpp>

#include "egress/address_guard.hpp"
#include "egress/egress_options.hpp"
#include "egress/name_resolver.hpp"
#include "egress/open_connections.hpp"
#include "egress/transfer.hpp"

namespace bulkhead::host::egress {

/// One thread of libcurl's multi interface and all requests that are on their way on it. Requests
/// come from any thread.
class OutboundLoop {
 public:
  using Done = Transfer::Done;
  using Time = std::chrono::steady_clock::time_point;

  /// Throws Error (configuration, EGRESS_NETWORK).
  explicit OutboundLoop(EgressOptions options);
  /// Ends what is on its way: NotSent or Ambiguous, SHUTTING_DOWN.
  ~OutboundLoop();
  OutboundLoop(const OutboundLoop&) = delete;
  OutboundLoop& operator=(const OutboundLoop&) = delete;

  /// See Egress.
  void begin(OutboundRequest request, OutboundCaller caller, Done done);
  /// When that request ends at the latest.
  Time deadlineOf(const OutboundRequest& request, const OutboundCaller& caller, Time now) const;
  std::size_t inFlight() const noexcept { return in_flight_; }
  /// Has it look who was given up. Any thread.
  void wake() noexcept { curl_multi_wakeup(multi_.get()); }

 private:
  /// What one plugin has of what all of them share. It is given half of each at most, so that there
  /// is always something for the others.
  struct Share {
    std::size_t requests = 0;           ///< guarded by mutex_
    std::size_t held_bytes = 0;         ///< of the loop's thread, like those below
    std::size_t look_ups = 0;           ///< that go on
    std::deque<std::uint64_t> waiting;  ///< passages that wait for one
  };
  /// A request between begin() and its end.
  struct Passage {
    std::unique_ptr<Transfer> transfer;
    OutboundCaller caller;
    Done done;
    Time begun;
    Time deadline;
    Share* share = nullptr;
    bool departed = false;  ///< its name is pinned, where it has one
    bool added = false;     ///< to the multi handle
  };
  struct Found {
    std::uint64_t passage;
    Share* share;
    Addresses addresses;
  };
  struct MultiCleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  void setLimits();
  void reject(const OutboundRequest& request, const OutboundCaller& caller, const Done& done,
              const Error& problem);
  Share& enter(const std::string& plugin);
  void run();
  void takeArrivals();
  void takeAddresses();
  void depart(std::uint64_t id, Passage& passage, const Addresses& addresses);
  void resolve(std::uint64_t id, Passage& passage);
  void resolveWaiting(Share& share);
  std::vector<std::string> takeUnpinned();
  void unpin(const OutboundTarget& target);
  void takeEnded();
  void endOverdue();
  void endAll();
  int untilNextDeadline() const;
  void end(std::map<std::uint64_t, Passage>::iterator passage, OutboundAnswer answer);
  void tell(const Passage& passage, OutboundAnswer answer);

  const EgressOptions options_;
  const AddressGuard guard_;
  OpenConnections connections_;  // of the loop's thread
  std::size_t held_bytes_ = 0;   // likewise
  std::unique_ptr<CURLM, MultiCleanup> multi_;
  std::atomic<std::size_t> in_flight_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<Passage> arrivals_;                     // guarded by mutex_
  std::vector<Found> found_;                          // guarded by mutex_
  std::map<std::string, Share, std::less<>> shares_;  // by plugin; its shape is guarded by mutex_
  std::map<std::uint64_t, Passage> passages_;         // of the loop's thread
  std::map<std::string, std::size_t> pinned_;  // likewise: names that transfers need, "host:port"
  std::vector<std::string> unpinned_;          // likewise: that none needs any more
  std::uint64_t last_passage_ = 0;
  std::unique_ptr<NameResolver> names_;
  std::thread loop_;
};

}  // namespace bulkhead::host::egress
