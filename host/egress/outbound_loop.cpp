#include "egress/outbound_loop.hpp"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <pthread.h>
#include <utility>

#include "egress/outbound_log.hpp"

namespace bulkhead::host::egress {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kPollMaxMs = 1000;

/// Of what all plugins share, for one of them.
std::size_t halfOf(std::size_t all) {
  return std::max<std::size_t>(all / 2, 1);
}

std::string pinOf(const OutboundTarget& target) {
  return fmt::format("{}:{}", target.host, target.port);
}

void startLibcurl() {
  static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kStarted != CURLE_OK) throw Error::app("EGRESS_OPTION", "libcurl does not start.");
}

OutboundAnswer rejected(const Error& problem) {
  OutboundAnswer answer;
  answer.outcome = Outcome::Rejected;
  answer.code = problem.code();
  answer.message = problem.message();
  return answer;
}

}  // namespace

OutboundLoop::OutboundLoop(EgressOptions options)
    : options_{std::move(options)}, guard_{options_.allowed_networks} {
  startLibcurl();
  multi_.reset(curl_multi_init());
  if (!multi_) throw Error::app("EGRESS_OPTION", "libcurl gives no handle.");
  setLimits();
  names_ = std::make_unique<NameResolver>(options_.names);
  loop_ = std::thread{[this] { run(); }};
  pthread_setname_np(loop_.native_handle(), "egress");
}

OutboundLoop::~OutboundLoop() {
  stopping_ = true;
  curl_multi_wakeup(multi_.get());
  loop_.join();
  names_.reset();
  takeArrivals();  // who began while the loop ended
  endAll();
}

void OutboundLoop::setLimits() {
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS,
                    static_cast<long>(options_.connections_per_host));
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS,
                    static_cast<long>(options_.requests_max));
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(options_.requests_max));
}

OutboundLoop::Time OutboundLoop::deadlineOf(const OutboundRequest& request,
                                            const OutboundCaller& caller, Time now) const {
  const auto own = request.timeout > milliseconds{0} ? std::min(request.timeout, options_.timeout)
                                                     : options_.timeout;
  return std::min(caller.deadline, now + own);
}

void OutboundLoop::begin(OutboundRequest request, OutboundCaller caller, Done done) {
  const Time now = SteadyClock::now();
  Passage passage{nullptr, {}, nullptr, now, deadlineOf(request, caller, now)};
  try {
    if (stopping_) throw Error::app("SHUTTING_DOWN", "The host stops.");
    if (request.body.size() > options_.body_bytes_max)
      throw Error::validation("OUTBOUND_REQUEST", "The body is longer than egress.body_bytes.");
    checkOutboundHead(request);
    OutboundTarget target = OutboundTarget::of(request.url);
    if (target.is_plain && !options_.plain_http)
      throw Error::validation("PLAIN_HTTP_REFUSED", "Only https is spoken: see egress.plain_http.");
    if (passage.deadline <= now)
      throw Error::app("DEADLINE_EXCEEDED", "The caller has no time left.");
    if (caller.given_up.stop_requested())
      throw Error::app("GIVEN_UP", "Nobody waits for it any more.");
    passage.share = &enter(caller.plugin);
    passage.transfer =
        std::make_unique<Transfer>(std::move(request), std::move(target),
                                   Transfer::Surroundings{options_, guard_, connections_,
                                                          held_bytes_, passage.share->held_bytes});
  } catch (const Error& problem) {
    reject(request, caller, done, problem);
    return;
  }
  passage.caller = std::move(caller);
  passage.done = std::move(done);
  {
    const std::lock_guard lock{mutex_};
    arrivals_.push_back(std::move(passage));
  }
  curl_multi_wakeup(multi_.get());
}

/// A place among those that are on their way. Throws Error (OVERLOADED).
OutboundLoop::Share& OutboundLoop::enter(const std::string& plugin) {
  const std::lock_guard lock{mutex_};
  Share& share = shares_[plugin];
  if (in_flight_ >= options_.requests_max)
    throw Error::app("OVERLOADED", "Too many outbound requests are on their way.");
  if (share.requests >= halfOf(options_.requests_max))
    throw Error::app("OVERLOADED", "The plugin has as many on their way as one may.");
  ++share.requests;
  ++in_flight_;
  return share;
}

void OutboundLoop::reject(const OutboundRequest& request, const OutboundCaller& caller,
                          const Done& done, const Error& problem) {
  OutboundAnswer answer = rejected(problem);
  logOutbound(request, {}, caller, answer);
  if (options_.on_completed)
    options_.on_completed({caller.plugin, {}, answer.outcome, answer.elapsed});
  done(std::move(answer));
}

void OutboundLoop::run() {
  // libcurl's TLS writes to connections that may have ended; a crash is still recorded
  sigset_t others{};
  sigfillset(&others);
  for (const int crash : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP})
    sigdelset(&others, crash);
  pthread_sigmask(SIG_BLOCK, &others, nullptr);
  while (!stopping_) {
    takeArrivals();
    takeAddresses();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    takeEnded();
    endOverdue();
    curl_multi_poll(multi_.get(), nullptr, 0, untilNextDeadline(), nullptr);
  }
  endAll();
}

void OutboundLoop::takeArrivals() {
  std::vector<Passage> arrivals;
  {
    const std::lock_guard lock{mutex_};
    arrivals.swap(arrivals_);
  }
  for (Passage& arrival : arrivals) {
    const std::uint64_t id = ++last_passage_;
    Passage& passage = passages_.emplace(id, std::move(arrival)).first->second;
    if (stopping_ || passage.caller.given_up.stop_requested()) continue;
    if (passage.transfer->target().is_address) {
      depart(id, passage, {});
    } else {
      resolve(id, passage);
    }
  }
}

void OutboundLoop::resolve(std::uint64_t id, Passage& passage) {
  Share& share = *passage.share;
  if (share.look_ups >= halfOf(options_.names.threads_max)) {
    share.waiting.push_back(id);
    return;
  }
  ++share.look_ups;
  names_->resolve(passage.transfer->target().host, [this, id, &share](const Addresses& addresses) {
    {
      const std::lock_guard lock{mutex_};
      found_.push_back({id, &share, addresses});
    }
    curl_multi_wakeup(multi_.get());
  });
}

/// A look-up of that plugin's has ended: the next one that is still wanted.
void OutboundLoop::resolveWaiting(Share& share) {
  while (!share.waiting.empty()) {
    const std::uint64_t id = share.waiting.front();
    share.waiting.pop_front();
    const auto passage = passages_.find(id);
    if (passage == passages_.end()) continue;  // its deadline was sooner
    resolve(id, passage->second);
    return;
  }
}

void OutboundLoop::takeAddresses() {
  std::vector<Found> all;
  {
    const std::lock_guard lock{mutex_};
    all.swap(found_);
  }
  for (const Found& found : all) {
    --found.share->look_ups;
    resolveWaiting(*found.share);
    const auto passage = passages_.find(found.passage);
    if (passage == passages_.end()) continue;  // its deadline was sooner
    if (found.addresses.empty()) {
      end(passage, passage->second.transfer->giveUp("NAME_NOT_FOUND", "The name has no address."));
    } else {
      depart(found.passage, passage->second, found.addresses);
    }
  }
}

void OutboundLoop::depart(std::uint64_t id, Passage& passage, const Addresses& addresses) {
  try {
    const OutboundTarget& target = passage.transfer->target();
    passage.departed = true;
    if (!target.is_address) ++pinned_[pinOf(target)];
    passage.transfer->prepare(addresses, takeUnpinned());
    passage.added = curl_multi_add_handle(multi_.get(), passage.transfer->handle()) == CURLM_OK;
    if (!passage.added) throw Error::app("EGRESS_OPTION", "libcurl does not take the request.");
  } catch (const Error& problem) {
    end(passages_.find(id), rejected(problem));
  } catch (const std::exception& problem) {  // no memory
    end(passages_.find(id), rejected(Error::app("EGRESS_OPTION", problem.what())));
  }
}

/// Names that libcurl remembers for transfers that have all ended.
std::vector<std::string> OutboundLoop::takeUnpinned() {
  std::vector<std::string> names = std::exchange(unpinned_, {});
  std::erase_if(names, [this](const std::string& name) { return pinned_.contains(name); });
  return names;
}

void OutboundLoop::unpin(const OutboundTarget& target) {
  const auto pin = pinned_.find(pinOf(target));
  if (pin == pinned_.end() || --pin->second > 0) return;
  unpinned_.push_back(pin->first);
  pinned_.erase(pin);
}

void OutboundLoop::takeEnded() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const handle = message->easy_handle;
    const CURLcode result = message->data.result;
    const auto passage = std::find_if(passages_.begin(), passages_.end(), [&](const auto& one) {
      return one.second.added && one.second.transfer->handle() == handle;
    });
    if (passage == passages_.end()) continue;
    if (passage->second.transfer->restartsAfter(result)) {
      curl_multi_remove_handle(multi_.get(), handle);
      curl_multi_add_handle(multi_.get(), handle);
    } else {
      end(passage, passage->second.transfer->finish(result));
    }
  }
}

void OutboundLoop::endOverdue() {
  const Time now = SteadyClock::now();
  for (auto next = passages_.begin(); next != passages_.end();) {
    const auto passage = next++;
    const bool given_up = passage->second.caller.given_up.stop_requested();
    if (passage->second.deadline > now && !given_up) continue;
    Transfer& transfer = *passage->second.transfer;
    end(passage, given_up
                     ? transfer.giveUp("GIVEN_UP", "Nobody waits for it any more.")
                     : transfer.giveUp("DEADLINE_EXCEEDED",
                                       "The service did not answer in the time that was left."));
  }
}

void OutboundLoop::endAll() {
  while (!passages_.empty()) {
    const auto passage = passages_.begin();
    end(passage, passage->second.transfer->giveUp("SHUTTING_DOWN", "The host stops."));
  }
}

int OutboundLoop::untilNextDeadline() const {
  Time next = SteadyClock::now() + milliseconds{kPollMaxMs};
  for (const auto& [id, passage] : passages_) next = std::min(next, passage.deadline);
  const auto left = std::chrono::ceil<milliseconds>(next - SteadyClock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

void OutboundLoop::end(std::map<std::uint64_t, Passage>::iterator passage, OutboundAnswer answer) {
  Passage ended = std::move(passage->second);
  if (!ended.departed) std::erase(ended.share->waiting, passage->first);
  passages_.erase(passage);
  if (ended.added) curl_multi_remove_handle(multi_.get(), ended.transfer->handle());
  if (ended.departed) unpin(ended.transfer->target());
  tell(ended, std::move(answer));
}

void OutboundLoop::tell(const Passage& passage, OutboundAnswer answer) {
  {
    const std::lock_guard lock{mutex_};
    --passage.share->requests;
    --in_flight_;
  }
  answer.elapsed =
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - passage.begun);
  const Transfer& transfer = *passage.transfer;
  logOutbound(transfer.request(), transfer.target().host, passage.caller, answer);
  if (options_.on_completed) {
    options_.on_completed(
        {passage.caller.plugin, transfer.target().host, answer.outcome, answer.elapsed});
  }
  passage.done(std::move(answer));
}

}  // namespace bulkhead::host::egress
