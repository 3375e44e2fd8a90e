#include "egress/name_resolver.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <utility>

namespace bulkhead::host::egress {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Known {
  Addresses addresses;
  SteadyClock::time_point until;
};

}  // namespace

/// Shared with the threads, which may outlive the resolver inside the system's look-up.
struct NameResolver::State : std::enable_shared_from_this<State> {
  explicit State(Options given) : options{std::move(given)} {}

  const Options options;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::vector<Done>> waiting;  ///< by name that is looked up, or will be
  std::deque<std::string> queue;
  std::map<std::string, Known> known;
  std::size_t threads = 0;
  std::size_t idle = 0;
  std::size_t telling = 0;  ///< threads that are inside a Done
  bool stopping = false;

  /// False when there is none at all, and none to be had.
  bool hasThread() {
    if (idle >= queue.size() || threads >= options.threads_max) return true;
    try {
      std::thread{[self = shared_from_this()] { self->work(); }}.detach();
      ++threads;
    } catch (const std::system_error&) {  // those that there are look up one after the other
    }
    return threads > 0;
  }

  /// Whether the name will be looked up for it.
  bool enqueue(const std::string& name, const Done& done) {
    const auto waiters = waiting.find(name);
    if (waiters != waiting.end()) {
      if (waiters->second.size() >= options.queued_max) return false;
      waiters->second.push_back(done);
      return true;
    }
    if (queue.size() >= options.queued_max) return false;
    queue.push_back(name);
    if (!hasThread()) {
      queue.pop_back();
      return false;
    }
    waiting[name].push_back(done);
    changed.notify_one();
    return true;
  }

  void work() {
    pthread_setname_np(pthread_self(), "resolver");
    std::unique_lock lock{mutex};
    for (;;) {
      ++idle;
      changed.wait(lock, [this] { return stopping || !queue.empty(); });
      --idle;
      if (stopping) return;
      const std::string name = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      const Addresses found = lookUp(name);
      lock.lock();
      if (stopping) return;
      tell(lock, name, found);
    }
  }

  Addresses lookUp(const std::string& name) const {
    try {
      return options.lookup(name);
    } catch (const std::exception&) {
      return {};
    }
  }

  void tell(std::unique_lock<std::mutex>& lock, const std::string& name, const Addresses& found) {
    const auto waiters = waiting.extract(name);
    if (!found.empty()) keep(name, found);
    ++telling;
    lock.unlock();
    for (const Done& done : waiters.mapped()) done(found);
    lock.lock();
    --telling;
    changed.notify_all();
  }

  void keep(const std::string& name, const Addresses& found) {
    const auto now = SteadyClock::now();
    if (known.size() >= options.kept_max)
      std::erase_if(known, [&](const auto& one) { return one.second.until <= now; });
    if (known.size() >= options.kept_max) known.clear();
    known[name] = {found, now + options.keep};
  }
};

NameResolver::NameResolver(Options options) : state_{std::make_shared<State>(std::move(options))} {}

NameResolver::~NameResolver() {
  std::unique_lock lock{state_->mutex};
  state_->stopping = true;
  state_->waiting.clear();
  state_->changed.notify_all();
  state_->changed.wait(lock, [this] { return state_->telling == 0; });
}

void NameResolver::resolve(const std::string& name, const Done& done) {
  Addresses found;
  {
    const std::lock_guard lock{state_->mutex};
    const auto known = state_->known.find(name);
    if (known == state_->known.end() || known->second.until <= SteadyClock::now()) {
      if (state_->enqueue(name, done)) return;
    } else {
      found = known->second.addresses;
    }
  }
  done(found);
}

Addresses NameResolver::systemLookup(const std::string& name) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &wanted, &list) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned{list, freeaddrinfo};
  Addresses found;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
        0)
      found.emplace_back(text);
  }
  return found;
}

}  // namespace bulkhead::host::egress
