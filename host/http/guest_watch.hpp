#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "runtime/file_descriptor.hpp"
#include "runtime/readable.hpp"

namespace bulkhead::host {

/// The descriptors of others in a loop's epoll set. It outlives the loop where somebody still holds
/// it. Belongs to the loop's thread but for unwatch().
class GuestWatch final : public ReadableWatch {
 public:
  explicit GuestWatch(std::shared_ptr<const FileDescriptor> epoll) : epoll_{std::move(epoll)} {}

  /// What epoll gives back for a guest is odd, and never the address of anything.
  static bool isGuest(std::uint64_t data) noexcept { return (data & 1) != 0; }
  /// An event that came with `data`.
  void dispatch(std::uint64_t data) noexcept;
  /// Makes it that of the calling thread; end() takes it back, and tells every guest.
  static void begin(const std::shared_ptr<GuestWatch>& watch) noexcept { setOfThisThread(watch); }
  void end() noexcept;

  bool watch(int descriptor, const std::shared_ptr<Readable>& readable) noexcept override;
  void unwatch(int descriptor) noexcept override;
  bool promiseRoundEnd(const std::shared_ptr<Readable>& readable) noexcept override;
  /// Keeps what was promised. False when that was nothing.
  bool endRound() noexcept { return !promised_.empty() && keepPromises(); }

 private:
  bool keepPromises() noexcept;

  const std::shared_ptr<const FileDescriptor> epoll_;
  std::map<std::uint64_t, std::weak_ptr<Readable>> guests_;  ///< by number; some may be gone
  std::vector<std::shared_ptr<Readable>> promised_;
};

}  // namespace bulkhead::host
