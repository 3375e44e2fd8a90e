#include "http/guest_watch.hpp"

#include <cerrno>
#include <new>
#include <sys/epoll.h>
#include <utility>

namespace bulkhead::host {

void GuestWatch::dispatch(std::uint64_t data) noexcept {
  const auto found = guests_.find(data >> 1);
  if (found == guests_.end()) return;
  const auto guest = found->second.lock();
  if (guest) guest->onReadable();
}

void GuestWatch::end() noexcept {
  setOfThisThread(nullptr);
  endRound();
  for (const auto& [number, guest] : std::exchange(guests_, {})) {
    if (const auto present = guest.lock()) present->onWatchEnd(*this);
  }
}

bool GuestWatch::watch(int descriptor, const std::shared_ptr<Readable>& readable) noexcept {
  try {
    std::erase_if(guests_, [](const auto& entry) { return entry.second.expired(); });
    guests_[readable->number()] = readable;
  } catch (const std::bad_alloc&) {
    return false;
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = readable->number() << 1 | 1;
  return ::epoll_ctl(epoll_->get(), EPOLL_CTL_ADD, descriptor, &event) == 0 || errno == EEXIST;
}

bool GuestWatch::promiseRoundEnd(const std::shared_ptr<Readable>& readable) noexcept {
  try {
    promised_.push_back(readable);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool GuestWatch::keepPromises() noexcept {
  for (const auto& readable : promised_) readable->onRoundEnd();
  promised_.clear();
  return true;
}

void GuestWatch::unwatch(int descriptor) noexcept {
  ::epoll_ctl(epoll_->get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

}  // namespace bulkhead::host
