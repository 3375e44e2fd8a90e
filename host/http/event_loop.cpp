#include "http/event_loop.hpp"

#include <cerrno>
#include <chrono>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "http/accepted_socket.hpp"
#include "http/connection.hpp"
#include "runtime/lane.hpp"

namespace bulkhead::host {
namespace {

constexpr int kAcceptsPerEvent = 16;
constexpr std::int64_t kAcceptPauseMicroseconds = 100'000;
/// Refused clients that may be shown their 503 at the same time, beyond the cap.
constexpr std::int64_t kRefusalsMax = 64;
/// A half-sent head younger than this is not given up for a newcomer.
constexpr std::int64_t kReadingGraceMicroseconds = 1'000'000;

std::int64_t clockMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// How often the calling thread has slept.
long threadWaits() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

/// False when the kernel has no room for another watch.
bool control(int epoll_fd, int operation, int fd, std::uint32_t events, void* source) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = source;
  return ::epoll_ctl(epoll_fd, operation, fd, &event) == 0 || errno == EEXIST;
}

}  // namespace

EventLoop::EventLoop(SharedState& shared, unsigned number, std::shared_ptr<RequestBudget> budget)
    : shared_{shared},
      number_{number},
      mailbox_{std::make_shared<Mailbox>(std::move(budget))},
      exchanges_{mailbox_, {mailbox_, mailbox_->budget()}, shared.options.development},
      wheel_{clockMicroseconds()},
      epoll_{std::make_shared<const FileDescriptor>(::epoll_create1(EPOLL_CLOEXEC))},
      guests_{std::make_shared<GuestWatch>(epoll_)},
      now_us_{clockMicroseconds()} {
  if (!*epoll_) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
  if (!control(epoll_->get(), EPOLL_CTL_ADD, mailbox_->descriptor(), EPOLLIN, nullptr))
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
}

EventLoop::~EventLoop() {
  mailbox_->close();
}

void EventLoop::addListener(const LoopListener& listener) {
  listeners_.push_back(std::make_unique<LoopListener>(listener));
}

void EventLoop::run() {
  mailbox_->bindToThisThread();
  GuestWatch::begin(guests_);
  LaneWakes wakes;
  resumeAccepting();
  while (!shared_.stopping) {
    round();
    wakes.flush();
    if (guests_->endRound()) afterStep();
  }
  finish();
}

void EventLoop::round() {
  int timeout = mailbox_->mayLoopSleep() ? wheel_.timeoutMilliseconds(now_us_) : 0;
  if (accept_again_us_ != 0 && (timeout < 0 || timeout > 100)) timeout = 100;
  const int count = ::epoll_wait(epoll_->get(), events_.data(), kEventsPerRound, timeout);
  now_us_ = clockMicroseconds();
  if (shared_.options.on_step) waits_ = threadWaits();
  if (mailbox_->loopWokeUp()) {
    onMailbox();
    afterStep();
  }
  for (int i = 0; i < count; ++i) {
    dispatch(events_[static_cast<std::size_t>(i)]);
    afterStep();
  }
  fireTimers();
  const bool accepts_again = accept_again_us_ != 0 && now_us_ >= accept_again_us_;
  if (accepts_again) resumeAccepting();
  const bool ends_some = !closed_.empty();
  closed_.clear();
  if (count <= 0 || accepts_again || ends_some) afterStep();
}

void EventLoop::dispatch(const epoll_event& event) {
  if (GuestWatch::isGuest(event.data.u64)) return guests_->dispatch(event.data.u64);
  void* const source = event.data.ptr;
  if (source == nullptr) {
    mailbox_->clearSignal();
    return;
  }
  for (const auto& listener : listeners_) {
    if (listener.get() == source) {
      acceptFrom(*listener);
      return;
    }
  }
  static_cast<Connection*>(source)->onEvents(event.events);
}

void EventLoop::afterStep() {
  deliverLocal();
  const std::int64_t now_us = clockMicroseconds();
  const std::int64_t took_us = now_us - now_us_;
  if (took_us > counters_.stall_us_max.load(std::memory_order_relaxed))
    counters_.stall_us_max.store(took_us, std::memory_order_relaxed);
  now_us_ = now_us;
  if (!shared_.options.on_step) return;
  const long waits = threadWaits();
  shared_.options.on_step(
      {number_, std::chrono::microseconds{took_us}, waits - std::exchange(waits_, waits)});
  waits_ = threadWaits();  // those of the hook itself are nobody's
}

void EventLoop::deliverLocal() {
  while (mailbox_->hasLocal()) {
    mailbox_->takeLocal(arrivals_);
    deliverAnswers();
  }
}

void EventLoop::deliverAnswers() {
  for (const auto& arrival : arrivals_) {
    if (Connection* connection = Connection::deliver(*this, arrival))
      to_flush_.push_back(connection);
  }
  arrivals_.clear();
  for (Connection* connection : to_flush_) connection->flush();
  to_flush_.clear();
}

void EventLoop::onMailbox() {
  if (shared_.options.on_wake) shared_.options.on_wake(number_);
  mailbox_->takePosted(arrivals_);
  deliverAnswers();
  deliverLocal();
  giveRoom();
  if (shared_.draining && !std::exchange(drained_, true)) drainIdle();
  if (!shared_.accepting && std::exchange(listening_, false)) closeListeners();
}

void EventLoop::fireTimers() {
  wheel_.advance(now_us_, [this](TimerNode& node) {
    Connection::of(node).onTimer();
    afterStep();
  });
}

bool EventLoop::watch(Connection& connection, int fd, std::uint32_t events, bool first) {
  return control(epoll_->get(), first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, events, &connection);
}

void EventLoop::unwatch(int fd) {
  control(epoll_->get(), EPOLL_CTL_DEL, fd, 0, nullptr);
}

void EventLoop::place(Connections::iterator position, Standing from, Standing to) {
  Connections& target = list(to);
  target.splice(target.end(), list(from), position);
  noteIdle((to == Standing::Idle ? 1 : 0) - (from == Standing::Idle ? 1 : 0));
}

void EventLoop::renew(Connections::iterator position, Standing standing) {
  Connections& target = list(standing);
  target.splice(target.end(), target, position);
  noteLongestIdle();
}

void EventLoop::remove(Connections::iterator position, Standing from) {
  closed_.splice(closed_.end(), list(from), position);
  noteIdle(from == Standing::Idle ? -1 : 0);
}

/// Other loops look at these when they need room.
void EventLoop::noteIdle(int change) {
  if (change == 0) return;
  LoopCounters::bump(counters_.idle_connections, change);
  noteLongestIdle();
}

void EventLoop::noteLongestIdle() {
  const Connections& idle = list(Standing::Idle);
  counters_.idle_since_us.store(idle.empty() ? INT64_MAX : idle.front()->standingSince(),
                                std::memory_order_relaxed);
}

void EventLoop::acceptFrom(const LoopListener& listener) {
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    if (listener.fd < 0 || !acceptOne(listener)) return;
    deliverLocal();
  }
}

bool EventLoop::acceptOne(const LoopListener& listener) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  FileDescriptor fd{::accept4(listener.fd, reinterpret_cast<sockaddr*>(&address), &length,
                              SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!fd) {
    if (errno == ECONNABORTED || errno == EINTR) return true;
    if (errno != EAGAIN) onAcceptError(errno);
    return false;
  }
  LoopCounters::bump(counters_.accepted, 1);
  Peer peer = listener.is_unix ? unixPeer(fd.get()) : tcpPeer(address);
  peer.management = listener.service.audience == Service::Audience::Management;
  peer.admin_socket = listener.service.audience == Service::Audience::Administration;
  peer.inside = peer.admin_socket;
  admit(std::move(fd), std::move(peer), listener);
  return true;
}

void EventLoop::admit(FileDescriptor fd, Peer peer, const LoopListener& listener) {
  const FrontOptions& options = shared_.options;
  const bool counted = !listener.is_unix && !options.exempt_from_ip_cap(peer.address.text());
  if (counted && !shared_.ips.enter(peer.address.text(), options.connections_per_ip_max)) {
    counters_.count(Rejection::IpCap);
    return;
  }
  // The operator's own socket is never turned away because clients have taken all places.
  const bool has_room = peer.admin_socket || makeRoom();
  const auto cap = static_cast<std::int64_t>(options.connections_max);
  if (!has_room && shared_.open_connections >= cap + kRefusalsMax) {
    counters_.count(Rejection::ConnectionCap);
    if (counted) shared_.ips.leave(peer.address.text());
    return;
  }
  ++shared_.open_connections;
  Connections& idle = list(Standing::Idle);
  idle.push_back(std::make_unique<Connection>(*this, std::move(fd), std::move(peer)));
  noteIdle(1);
  Connection& connection = *idle.back();
  if (counted) connection.countByIp();
  connection.start(std::prev(idle.end()), listener.service);
  if (!has_room) connection.turnAway();
}

bool EventLoop::makeRoom() {
  if (shared_.open_connections < static_cast<std::int64_t>(shared_.options.connections_max))
    return true;
  if (evictLongestIdle()) return true;
  Connections& reading = list(Standing::Reading);
  if (reading.empty() || now_us_ - reading.front()->standingSince() < kReadingGraceMicroseconds)
    return false;
  counters_.count(Rejection::ConnectionEvicted);
  reading.front()->close();
  return true;
}

/// Of all loops; another one does it soon, and until then there is one connection more.
bool EventLoop::evictLongestIdle() {
  EventLoop* longest = nullptr;
  std::int64_t since_us = INT64_MAX;
  for (EventLoop* loop : shared_.loops) {
    const std::int64_t idle_us = loop->counters_.idle_since_us.load(std::memory_order_relaxed);
    if (idle_us >= since_us) continue;
    since_us = idle_us;
    longest = loop;
  }
  if (longest == nullptr) return false;
  if (longest != this) {
    longest->askForRoom();
    return shared_.open_connections <
           static_cast<std::int64_t>(shared_.options.connections_max) + kRefusalsMax;
  }
  counters_.count(Rejection::ConnectionEvicted);
  list(Standing::Idle).front()->close();
  return true;
}

void EventLoop::askForRoom() {
  ++rooms_wanted_;
  mailbox_->wake();
}

void EventLoop::giveRoom() {
  Connections& idle = list(Standing::Idle);
  for (unsigned wanted = rooms_wanted_.exchange(0); wanted > 0 && !idle.empty(); --wanted) {
    counters_.count(Rejection::ConnectionEvicted);
    idle.front()->close();
  }
}

void EventLoop::makeRoomForAnswers() {
  const auto max = static_cast<std::int64_t>(shared_.options.answers_bytes_max);
  while (shared_.unsent_bytes > max) {
    Connection* slowest = nullptr;
    for (const auto& connection : list(Standing::Busy)) {
      const auto since = connection->readingSince();
      if (since && (slowest == nullptr || *since < *slowest->readingSince()))
        slowest = connection.get();
    }
    if (slowest == nullptr) return;
    counters_.count(Rejection::AnswerBudget);
    slowest->close();
  }
}

/// Out of descriptors or memory: the queue stays readable, so the loop would spin. Room is made and
/// the listeners rest a moment.
void EventLoop::onAcceptError(int error) {
  if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) return;
  Connections& idle = list(Standing::Idle);
  counters_.count(idle.empty() ? Rejection::ConnectionCap : Rejection::ConnectionEvicted);
  if (!idle.empty()) idle.front()->close();
  if (std::exchange(accept_again_us_, now_us_ + kAcceptPauseMicroseconds) != 0) return;
  for (const auto& listener : listeners_) {
    if (listener->fd >= 0) control(epoll_->get(), EPOLL_CTL_DEL, listener->fd, 0, nullptr);
  }
}

void EventLoop::resumeAccepting() {
  accept_again_us_ = 0;
  for (const auto& listener : listeners_) {
    if (listener->fd < 0) continue;
    const std::uint32_t exclusive = listener->shared ? EPOLLEXCLUSIVE : 0U;
    if (!control(epoll_->get(), EPOLL_CTL_ADD, listener->fd, EPOLLIN | exclusive, listener.get()))
      accept_again_us_ = now_us_ + kAcceptPauseMicroseconds;
  }
}

void EventLoop::drainIdle() {
  std::vector<Connection*> idle;
  for (const auto& connection : list(Standing::Idle)) idle.push_back(connection.get());
  for (Connection* connection : idle) connection->endIfIdle();
  for (const auto& connection : list(Standing::Busy)) connection->askStreamsToEnd();
}

/// Takes in who already stands in the queue: the kernel would reset them, unless somebody
/// else serves the socket too. The entries stay, since an event of this round may still name them.
void EventLoop::closeListeners() {
  for (const auto& listener : listeners_) {
    const bool kept = shared_.isKept(listener->fd);
    for (int left = kListenBacklog; !kept && left > 0 && acceptOne(*listener); --left) {
    }
    if (accept_again_us_ == 0) control(epoll_->get(), EPOLL_CTL_DEL, listener->fd, 0, nullptr);
    listener->fd = -1;
  }
  accept_again_us_ = 0;
  ending_since_us_ = now_us_;
  for (const auto& connection : list(Standing::Reading)) connection->reschedule();
  const std::lock_guard lock{shared_.mutex};
  ++shared_.listeners_closed;
  shared_.changed.notify_all();
}

void EventLoop::finish() {
  guests_->end();
  onMailbox();
  Connections& busy = list(Standing::Busy);
  std::vector<Connection*> open;
  for (const auto& connection : busy) open.push_back(connection.get());
  for (Connection* connection : open) connection->refuseOpen();
  deliverLocal();
  for (Connections& connections : lists_) {
    while (!connections.empty()) connections.front()->close();
  }
  closed_.clear();
  mailbox_->close();
}

}  // namespace bulkhead::host
