#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "plugins/link.hpp"
#include "plugins/link_host_ask.hpp"
#include "runtime/lane.hpp"

namespace bulkhead::host {

/// Where the host works on what one worker asks of it: on threads of its own, never on the link's
/// reader. What an ask waits for holds up other asks of the same worker at most.
class AskDesk {
 public:
  /// Asks at one time, and the bytes of them that are kept; what is beyond is refused (OVERLOADED).
  static constexpr std::size_t kAsksMax = 256;
  static constexpr std::size_t kBytesMax = std::size_t{64} * 1024 * 1024;
  /// Gives the answer, or throws the Error that is it. May be called after the desk is gone, so it
  /// stands on nothing that goes before the host; `given_up` says that nobody waits any more, and
  /// makes it return soon.
  using Work = std::function<HostAnswer(const HostAsk& ask, const std::stop_token& given_up)>;

  /// As many asks as `threads` are worked on at one time.
  AskDesk(std::string name, std::shared_ptr<Link> link, std::size_t threads, Work work);
  /// end(); does not wait for what is being worked on.
  ~AskDesk();
  AskDesk(const AskDesk&) = delete;
  AskDesk& operator=(const AskDesk&) = delete;

  /// As many from now on; what is worked on goes on. Any thread.
  void setThreads(std::size_t threads);
  /// HostAsk or HostAskGivenUp, on the link's reader. Throws LinkError for what is neither, and for
  /// an id that is being worked on.
  void take(const Frame& frame);
  /// The worker has ended: nobody waits any more.
  void end() noexcept;

 private:
  struct Shared;  // with the tasks, which may outlive it

  void refuse(std::uint64_t id);

  const std::shared_ptr<Shared> shared_;
  std::unique_ptr<Lane> lane_;
};

}  // namespace bulkhead::host
