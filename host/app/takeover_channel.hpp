#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {

/// One message between the host that runs and the one that takes its place.
struct TakeoverMessage {
  nlohmann::json body;                        ///< an object
  std::vector<FileDescriptor> descriptors{};  ///< travel with it
};

/// Waits until there is something to read, or the end; false when `patience` ran out. A process's
/// pidfd is readable when it has ended.
bool awaitReadable(const FileDescriptor& descriptor, std::chrono::milliseconds patience);

/// Their connection, over DATA_DIR/takeover.sock (SOCK_SEQPACKET, 0600). From one thread.
class TakeoverChannel {
 public:
  static constexpr int kProtocol = 1;
  enum class Outcome { Arrived, TimedOut, Ended };

  explicit TakeoverChannel(FileDescriptor socket) noexcept : socket_{std::move(socket)} {}

  /// False when the other one is gone.
  bool send(const TakeoverMessage& message) const;
  /// Ended when the other one is gone, or when what came is no message.
  Outcome receive(TakeoverMessage& message, std::chrono::milliseconds patience) const;
  /// The other one's sends fail from now on; what it has sent before can still be received.
  void shut() const noexcept;
  /// The process at the other end; 0 when it is neither this user's nor root's.
  pid_t peer() const noexcept;

 private:
  FileDescriptor socket_;
};

}  // namespace bulkhead::host
