#include "http/front.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/resource.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "http/characters.hpp"
#include "http/event_loop.hpp"
#include "http/shared_state.hpp"
#include "runtime/machine_share.hpp"

namespace bulkhead::host {
namespace {

std::size_t halfOfDescriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 65'536;
  return static_cast<std::size_t>(limit.rlim_cur / 2);
}

bool isLoopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

bool isHeaderLine(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  return std::all_of(name.begin(), name.end(), isTokenCharacter) && isFieldValue(line);
}

void checkFixedLines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    if (end == std::string_view::npos || !isHeaderLine(lines.substr(0, end)))
      throw Error::configuration("HEADER_LINE_INVALID",
                                 "A fixed response header is not a whole header line.");
    lines.remove_prefix(end + 2);
  }
}

void complete(FrontOptions& options) {
  checkFixedLines(options.fixed_header_lines);
  if (options.loops == 0) options.loops = usableProcessors();
  if (options.connections_max == 0) options.connections_max = halfOfDescriptors();
  if (!options.exempt_from_ip_cap) options.exempt_from_ip_cap = isLoopback;
}

void add(FrontCounters& sum, const LoopCounters& loop) {
  sum.accepted += loop.accepted;
  sum.requests += loop.requests;
  sum.idle_connections += loop.idle_connections;
  sum.active_requests += loop.active_requests;
  sum.loop_stall_seconds_max =
      std::max(sum.loop_stall_seconds_max, static_cast<double>(loop.stall_us_max) / 1e6);
  for (std::size_t i = 0; i < loop.rejected.size(); ++i)
    sum.rejected[nameOf(static_cast<Rejection>(i))] += loop.rejected[i];
}

}  // namespace

Front::Front(FrontOptions options, Handler handler, Tail tail)
    : shared_{std::make_unique<SharedState>()} {
  complete(options);
  const auto budget = std::make_shared<RequestBudget>(options.requests_bytes_max);
  shared_->options = std::move(options);
  shared_->handler = std::move(handler);
  shared_->tail = std::move(tail);
  for (unsigned i = 0; i < shared_->options.loops; ++i) {
    loops_.push_back(std::make_unique<EventLoop>(*shared_, i, budget));
    shared_->loops.push_back(loops_.back().get());
  }
}

Front::~Front() {
  stop();
}

void Front::listen(Listener listener, const Service& service) {
  const bool one_each = listener.port != 0 && listener.sockets.size() == loops_.size();
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    for (std::size_t j = 0; j < listener.sockets.size(); ++j) {
      if (one_each && i != j) continue;
      loops_[i]->addListener({.fd = listener.sockets[j].get(),
                              .service = service,
                              .is_unix = listener.port == 0,
                              .shared = !one_each});
    }
  }
  listeners_.push_back(std::move(listener));
  if (listeners_.back().kept) keep(listeners_.back());
}

void Front::keep(const Listener& listener) {
  const std::lock_guard lock{shared_->mutex};
  for (const FileDescriptor& socket : listener.sockets) shared_->kept.insert(socket.get());
}

std::vector<FileDescriptor> Front::copyOf(std::size_t index) const {
  std::vector<FileDescriptor> copies;
  for (const FileDescriptor& socket : listeners_.at(index).sockets)
    copies.emplace_back(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  return copies;
}

void Front::leaveTo(std::size_t index) {
  Listener& listener = listeners_.at(index);
  keep(listener);
  listener.file.path.clear();
}

void Front::setTls(std::shared_ptr<const TlsContext> context) {
  shared_->tls.store(std::move(context));
}

std::uint16_t Front::port(std::size_t index) const {
  return listeners_.at(index).port;
}

void Front::start() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    threads_.emplace_back([loop = loops_[i].get()] { loop->run(); });
    ::pthread_setname_np(threads_.back().native_handle(), ("front-" + std::to_string(i)).c_str());
  }
}

void Front::own(std::size_t index) {
  Listener& listener = listeners_.at(index);
  listener.kept = false;
  if (listener.port == 0) listener.file = SocketFile::at(listener.address);
  const std::lock_guard lock{shared_->mutex};
  for (const FileDescriptor& socket : listener.sockets) shared_->kept.erase(socket.get());
}

void Front::beginDrain(Idle idle) {
  shared_->drain_gently = idle == Idle::AskOnceMore;
  shared_->draining = true;
  wakeAll();
}

void Front::stopAccepting() {
  if (!shared_->accepting.exchange(false)) return;
  wakeAll();
  if (!threads_.empty()) {
    std::unique_lock lock{shared_->mutex};
    shared_->changed.wait(lock, [this] { return shared_->listeners_closed == loops_.size(); });
  }
  for (Listener& listener : listeners_) {
    listener.sockets.clear();
    listener.file.remove();
  }
}

bool Front::waitIdle(std::chrono::milliseconds timeout) {
  std::unique_lock lock{shared_->mutex};
  return shared_->changed.wait_for(lock, timeout,
                                   [this] { return shared_->open_connections == 0; });
}

void Front::stop() {
  stopAccepting();
  shared_->stopping = true;
  wakeAll();
  for (std::thread& thread : std::exchange(threads_, {})) thread.join();
}

FrontCounters Front::counters() const {
  FrontCounters sum;
  sum.open_connections = shared_->open_connections;
  for (const auto& loop : loops_) add(sum, loop->counters());
  return sum;
}

void Front::wake() {
  wakeAll();
}

void Front::wakeAll() {
  for (const auto& loop : loops_) loop->mailbox()->wake();
}

}  // namespace bulkhead::host
