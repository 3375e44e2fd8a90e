#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "plugins/link.hpp"
#include "plugins/link_host_ask.hpp"

namespace bulkhead::host {

/// The worker's end of what it asks of the host. Any thread asks; the link's reader brings the
/// answers.
class WorkerAsks {
 public:
  /// Asks that wait at one time; who comes with another one is refused at once.
  static constexpr std::size_t kWaitingMax = 256;

  explicit WorkerAsks(std::shared_ptr<Link> link) : link_{std::move(link)} {}
  WorkerAsks(const WorkerAsks&) = delete;
  WorkerAsks& operator=(const WorkerAsks&) = delete;

  /// Waits for the host's answer, until the ask's deadline. Throws the Error that the host answers
  /// with, or OVERLOADED, DEADLINE_EXCEEDED, PAYLOAD_TOO_LARGE.
  HostAnswer ask(const HostAsk& ask);
  /// HostReply or HostFailure. One that nobody waits for, or not any more, is dropped. Throws
  /// LinkError for what cannot be read.
  void take(const Frame& frame);

 private:
  using Waiter = std::promise<HostAnswer>;

  bool send(std::uint64_t id, const HostAsk& ask);
  std::uint64_t add(Waiter waiter);
  bool forget(std::uint64_t id);

  const std::shared_ptr<Link> link_;
  std::mutex mutex_;
  std::map<std::uint64_t, Waiter> waiters_;
  std::uint64_t asked_ = 0;
};

}  // namespace bulkhead::host
