#include "plugins/worker_home.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <set>
#include <sys/socket.h>
#include <utility>

#include <bulkhead/error.hpp>

#include "plugins/worker_capabilities.hpp"
#include "plugins/worker_http.hpp"
#include "runtime/registration.hpp"

namespace bulkhead::host {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kSlotsMore = 8192;  // for limits that grow while it runs
constexpr std::size_t kBacklogBytesMax = std::size_t{64} * 1024 * 1024;
constexpr milliseconds kAnswerPatience{100};
constexpr milliseconds kStopPatience{5000};
constexpr milliseconds kStoreLook{50};
constexpr milliseconds kEndPatience{2'000};  // from the end of its link to that of its process

Error crashed(const std::string& plugin) {
  return Error::app("PLUGIN_CRASHED",
                    fmt::format("The service '{}' ended while it was asked.", plugin))
      .withRetryAfter(1);
}

/// Threads of a plugin that may wait for the host at one time.
std::size_t askersIn(const HomeLimits& limits) {
  return std::min(
      limits.lane.threads + limits.streams + limits.asides.threads + limits.jobs.threads,
      AskDesk::kAsksMax);
}

struct Ends {
  Ends() {
    int both[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0)
      throw Error::app("NO_LINK", "The system has no socket for a link.");
    ours = FileDescriptor{both[0]};
    theirs = FileDescriptor{both[1]};
  }
  FileDescriptor ours;
  FileDescriptor theirs;
};

}  // namespace

WorkerHome::WorkerHome(WorkerOrder order, WorkerServices services)
    : order_{std::move(order)}, services_{std::move(services)} {
  const HomeLimits& limits = order_.limits;
  const std::size_t slots = limits.lane.threads + limits.lane.queue + limits.streams +
                            limits.asides.threads + limits.asides.queue + limits.desk.threads +
                            limits.desk.queue + limits.jobs.threads + limits.jobs.queue +
                            kSlotsMore;
  box_.emplace(BlackBox::make(static_cast<std::uint32_t>(slots)));
  held_ = std::make_shared<HeldCalls>(box_->slots(), limits);
}

WorkerHome::~WorkerHome() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  if (process_) process_->signal(SIGKILL);
  if (link_) link_->end();
  if (reader_.joinable()) reader_.join();
  withdrawMetrics();
}

void WorkerHome::launch() {
  Ends ends;
  auto link = std::make_shared<Link>(std::move(ends.ours), LinkEnd::Worker);
  const auto role = order_.library.empty() ? WorkerRole::Store : WorkerRole::Plugin;
  auto process = std::make_unique<WorkerProcess>(services_.program, order_.plugin, role,
                                                 ends.theirs.get(), box_->descriptor());
  const std::lock_guard lock{mutex_};
  link_ = std::move(link);
  desk_ = newDesk();
  process_ = std::move(process);
  launched_ = std::chrono::steady_clock::now();
  if (stopping_) process_->signal(SIGKILL);  // given up meanwhile
  reader_ = std::thread{[this] { read(); }};
  pthread_setname_np(reader_.native_handle(), "link");
}

/// What it does stands on what outlives the home.
std::unique_ptr<AskDesk> WorkerHome::newDesk() const {
  const auto work = [plugin = order_.plugin, said = order_.capabilities,
                     capabilities = services_.capabilities, http = services_.http,
                     held = held_](const HostAsk& ask, const std::stop_token& given_up) {
    const auto made_for = held->find(ask.call).call;
    if (ask.kind == HostAskKind::SendHttp) {
      HttpCaller caller{plugin, ask.deadline};
      if (made_for) caller.trace = traceOf(made_for->request());
      caller.given_up = given_up;
      return answerHttp(http, caller, ask);
    }
    if (capabilities == nullptr) throw noCapabilities();
    const CapabilityCall call = capabilityCallIn(ask, made_for.get(), plugin, given_up);
    if (ask.kind == HostAskKind::AskCapability) {
      requireProvided(said, call.capability);
      return HostAnswer{{}, capabilities->ask(call)};
    }
    requireWanted(said, call.capability);
    return HostAnswer{{}, capabilities->call(call)};
  };
  return std::make_unique<AskDesk>(order_.plugin + "/asks", link_, askersIn(order_.limits), work);
}

void WorkerHome::create() {
  createUntil(std::nullopt);
}

void WorkerHome::createUntil(std::optional<Time> until) {
  launch();
  std::promise<std::string> waiter;
  auto reply = waiter.get_future();
  const std::uint64_t id = addWaiter(std::move(waiter));
  std::string frame;
  FrameWriter{frame, FrameType::Begin, id}.rest(toJson(order_)).finish();
  link_->send(frame);
  const std::string registered = await(id, std::move(reply), until);
  try {
    registration_ = workerRegistrationFrom(registered);
  } catch (const LinkError& error) {
    throw Error::configuration("BAD_REGISTRATION", error.what());
  }
  checkRegistration();
  for (const auto& metric : registration_.metrics) {
    const std::uint32_t number = services_.metrics.declare(order_.plugin, metric);
    const std::lock_guard lock{mutex_};
    metrics_.push_back(number);
  }
  const std::lock_guard lock{mutex_};
  created_ = true;
}

/// The worker has checked it as well; here it is what came out of another process.
void WorkerHome::checkRegistration() const {
  const auto refuse = [](const std::string& reason) {
    throw Error::configuration("REGISTRATION_REFUSED", reason);
  };
  std::set<std::string> services{order_.replaces.begin(), order_.replaces.end()};
  services.insert(order_.plugin);
  const auto& provides = order_.capabilities.provides;
  for (const auto& route : registration_.routes) {
    const std::string& path = route->path;
    if (route->kind == EntryKind::Call) {
      if (std::find(provides.begin(), provides.end(), route->capability) == provides.end())
        refuse(fmt::format("Its manifest does not provide {}.", route->capability));
      continue;
    }
    if (route->kind != EntryKind::Route) {
      const bool wanted =
          route->capability.empty() || order_.capabilities.wants.contains(route->capability);
      if (!wanted) refuse(fmt::format("Its manifest does not want {}.", route->capability));
      if (route->kind != EntryKind::Ask && !hasStore())
        refuse(fmt::format("It has no store for {}.", path));
      continue;
    }
    const bool own = std::any_of(services.begin(), services.end(), [&](const std::string& one) {
      return path.starts_with("/api/" + one + "/") || path == "/api/" + one;
    });
    if (!own) refuse(fmt::format("{} is not its own path.", path));
  }
  std::string prefix = order_.plugin + "_";
  std::replace(prefix.begin(), prefix.end(), '-', '_');
  for (const auto& metric : registration_.metrics) {
    if (!metric.name.starts_with(prefix))
      refuse(fmt::format("The metric {} has not its prefix.", metric.name));
  }
  std::set<std::string> names;
  for (const auto& one : registration_.contributors) {
    if (!names.insert(one.name).second || one.interval.count() < 100 || one.timeout.count() < 1)
      refuse(fmt::format("The contributor {} is there twice, or too often.", one.name));
  }
  if (registration_.routes.size() > kRoutesMax || registration_.metrics.size() > kMetricsMax ||
      registration_.contributors.size() > kContributorsMax)
    refuse("It registers more than a plugin may.");
}

void WorkerHome::start() {
  request({AskKind::Start, 0, {}, {}}, std::nullopt);
  const std::lock_guard lock{mutex_};
  if (ended_) throw crashed(order_.plugin);
  started_ = true;
}

void WorkerHome::interrupt() noexcept {
  const std::lock_guard lock{mutex_};
  stopping_ = true;
  if (process_) process_->signal(SIGKILL);
}

bool WorkerHome::drain(Time until) {
  held_->close();
  if (!ending_.exchange(true)) tell({AskKind::EndJobs, 0, until, {}});
  return held_->awaitNone(until);
}

void WorkerHome::stop() noexcept {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  const Time until = std::chrono::steady_clock::now() + kStopPatience;
  try {
    request({AskKind::Stop, 0, until, {}}, until + kStopPatience);
  } catch (const std::exception&) {  // it has ended, or will now
  }
  if (link_) link_->end();
  if (process_ && !process_->awaitEnd(kStopPatience)) process_->signal(SIGKILL);
  withdrawMetrics();
}

/// Once, by whoever ends it.
void WorkerHome::withdrawMetrics() noexcept {
  std::vector<std::uint32_t> metrics;
  {
    const std::lock_guard lock{mutex_};
    created_ = false;
    metrics.swap(metrics_);
  }
  try {
    services_.metrics.withdraw(metrics);
  } catch (const std::exception&) {  // no memory: they stay
  }
}

/// Its calls go the way of those that a worker held when it died.
bool WorkerHome::abandon() noexcept {
  releaseJobs();
  abandoned_ = true;
  interrupt();
  if (link_) link_->end();
  withdrawMetrics();
  return true;
}

bool WorkerHome::submit(const std::shared_ptr<HomeCall>& call) {
  if (link_->backlog() > kBacklogBytesMax) return false;
  const auto entry = held_->add(call);
  if (!entry) return false;
  const bool streams = call->route().contract.streams() != RouteStreams::None;
  if (streams) {
    link_->leaveLoop();  // more than a loop's step should hold
  } else if (entry.alone) {
    link_->followThisLoop();
  }
  const auto& stream = call->request().body_stream;
  CallMessage message;
  message.route = call->route().number;
  message.slot = entry.slot;
  message.deadline = call->deadline();
  message.streams_body = stream != nullptr;
  thread_local std::string frame;
  frame.clear();
  const std::string& body = call->request().body;
  const bool apart = body.size() > Link::kApartBytes;
  writeCall(frame, entry.id, message, call->request(),
            apart ? BodyPlace::Apart : BodyPlace::InFrame);
  if (!stream) {
    // when the link has ended, so have all calls
    link_->send(frame, apart ? BytesApart{body, call} : BytesApart{});
    return true;
  }
  const auto sender = std::make_shared<StreamSender>(link_, entry.id, stream);
  held_->setStreams(entry.id, sender, nullptr);
  link_->send(frame);
  sender->begin();
  return true;
}

std::string WorkerHome::checkHealth(const RegisteredContributor& contributor, Time deadline) {
  return request({AskKind::CheckHealth, contributor.number, deadline, {}}, deadline);
}

void WorkerHome::setLimits(const HomeLimits& limits) {
  held_->setLimits(limits);
  if (desk_) desk_->setThreads(askersIn(limits));
  tell({AskKind::SetLimits, 0, std::chrono::steady_clock::now() + kStopPatience, toJson(limits)});
}

HomeLoad WorkerHome::load() const {
  return held_->load(*box_);
}

bool WorkerHome::pingStore(Time deadline) {
  try {
    return request({AskKind::PingStore, 0, deadline, {}}, deadline) == "1";
  } catch (const Error&) {
    return false;
  }
}

void WorkerHome::shareLease(bool shared, Time deadline) {
  if (hasStore())
    request({AskKind::ShareLease, shared ? std::uint64_t{1} : 0, deadline, {}}, deadline);
}

std::vector<TableRows> WorkerHome::countRows(Time deadline) {
  try {
    return tableRowsFrom(request({AskKind::CountRows, 0, deadline, {}}, deadline));
  } catch (const std::exception&) {  // it does not run, or says nothing that can be read
    return {};
  }
}

std::string WorkerHome::askStore(const Ask& ask, const std::function<bool()>& go_on) {
  std::promise<std::string> waiter;
  auto reply = waiter.get_future();
  const std::uint64_t id = addWaiter(std::move(waiter));
  if (id == 0) return reply.get();
  std::string frame;
  writeAsk(frame, id, ask);
  link_->send(frame);
  while (reply.wait_for(kStoreLook) != std::future_status::ready) {
    const bool silent = std::chrono::steady_clock::now() - lastBeat() > kStopPatience;
    if (!silent && (!go_on || go_on())) continue;
    interrupt();
    throw silent ? crashed(order_.plugin) : Error::app("BACKUP_STOPPED", "The backup was stopped.");
  }
  return reply.get();
}

pid_t WorkerHome::processId() const {
  const std::lock_guard lock{mutex_};
  return process_ ? process_->id() : 0;
}

std::optional<std::uint64_t> WorkerHome::memoryBytes() const {
  if (dying_ || memory_bytes_ == 0) return std::nullopt;
  return memory_bytes_.load();
}

WorkerUsage WorkerHome::measure() {
  {
    const std::lock_guard lock{mutex_};
    if (!process_ || ended_) return {};
  }
  const WorkerUsage usage = process_->usage(box_->bytes());
  memory_bytes_ = usage.memory_bytes;
  return usage;
}

WorkerHome::Time WorkerHome::lastBeat() const {
  return std::max(box_->lastBeat(), launched_);
}

void WorkerHome::kill(int signal, std::string reason, bool hung) {
  const std::lock_guard lock{mutex_};
  if (!process_ || ended_) return;
  if (killed_for_.empty()) killed_for_ = std::move(reason);
  hung_ = hung_ || hung;
  process_->signal(signal);
}

void WorkerHome::setLogLevel(int level) noexcept {
  box_->setLogLevel(level);
}

void WorkerHome::setSlowQuery(std::chrono::microseconds threshold) noexcept {
  box_->setSlowQuery(threshold);
}

std::uint64_t WorkerHome::addWaiter(std::promise<std::string> waiter) {
  const std::lock_guard lock{mutex_};
  if (ended_ || !link_) {
    waiter.set_exception(std::make_exception_ptr(crashed(order_.plugin)));
    return 0;
  }
  waiters_.emplace(++asked_, std::move(waiter));
  return asked_;
}

std::string WorkerHome::request(const Ask& ask, std::optional<Time> until) {
  std::promise<std::string> waiter;
  auto reply = waiter.get_future();
  const std::uint64_t id = addWaiter(std::move(waiter));
  if (id == 0) return reply.get();  // it has ended, or has not begun
  std::string frame;
  writeAsk(frame, id, ask);
  link_->send(frame);
  return await(id, std::move(reply), until);
}

std::string WorkerHome::await(std::uint64_t id, std::future<std::string> reply,
                              std::optional<Time> until) {
  if (until && reply.wait_until(*until + kAnswerPatience) != std::future_status::ready) {
    const std::lock_guard lock{mutex_};
    if (waiters_.erase(id) > 0) {
      throw Error::app("DEADLINE_EXCEEDED",
                       fmt::format("The service '{}' did not say in time.", order_.plugin));
    }
  }
  return reply.get();
}

std::string WorkerHome::endReason(const ProcessEnd& end) const {
  if (!killed_for_.empty()) return killed_for_;
  if (!end.signal) return fmt::format("ended by itself with exit code {}", end.exit_code);
  const char* name = sigabbrev_np(*end.signal);
  return fmt::format("was killed by signal {} (SIG{})", *end.signal, name != nullptr ? name : "?");
}

/// Whose fault its end is. Where the host wanted it, for a reload or its own stop, it is nobody's;
/// where the host ended it for what it did, the thread that the signal has met says nothing.
WorkerHome::Blame WorkerHome::blame() const {
  const std::lock_guard lock{mutex_};
  if (stopping_) return {true, 0};
  return {false, killed_for_.empty() ? box_->blamed() : 0};
}

/// Whoever is known to have done it is blamed, else everybody who was there.
std::vector<HeldCall> WorkerHome::takeHeld() {
  std::vector<HeldCall> calls;
  const auto [nobody, blamed] = blame();
  for (auto& entry : held_->takeAll()) {
    HeldCall held;
    held.call = entry.call;
    held.begun = box_->hasBegun(entry.slot, entry.id);
    held.blamed = held.begun && !nobody && (blamed == 0 || blamed == entry.id);
    held.answering = entry.answer != nullptr;
    if (held.begun) held.record = box_->call(entry.slot);
    if (entry.answer) entry.answer->breakOff();
    calls.push_back(std::move(held));
  }
  return calls;
}

/// The process ends, or has; what it held is told once.
void WorkerHome::finish(std::string problem) {
  if (!problem.empty()) {
    process_->signal(SIGKILL);
  }
  desk_->end();
  dying_ = true;  // what comes from here on waits for the next one
  held_->close();
  auto process = process_->awaitEnd(kEndPatience);
  if (!process) {
    kill(SIGKILL, fmt::format("had left its link for {} ms and went on", kEndPatience.count()),
         true);
    while (!(process = process_->awaitEnd(kEndPatience))) continue;
  }
  WorkerEnd end;
  end.calls = takeHeld();
  bool wanted = false;
  std::map<std::uint64_t, std::promise<std::string>> waiters;
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    wanted = stopping_ && !abandoned_;
    waiters.swap(waiters_);
    end.reason = problem.empty() ? endReason(*process) : std::move(problem);
    if (abandoned_) end.reason = "was ended since its calls did not end in time";
    end.abandoned = abandoned_;
    end.hung = hung_;
    end.started = started_;
  }
  end.process = *process;
  end.id = process_->id();
  end.home = this;
  end.uptime =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - launched_);
  end.lines = box_->lines();
  const Error reason = Error::app("PLUGIN_CRASHED", fmt::format("its process {}", end.reason));
  for (auto& [id, waiter] : waiters) waiter.set_exception(std::make_exception_ptr(reason));
  if (!wanted && services_.ended) {
    withdrawMetrics();  // the next one declares them anew, and they go on
    services_.ended(std::move(end));
    return;
  }
  const Error closed =
      Error::app("DRAINING", fmt::format("The service '{}' is being closed.", order_.plugin))
          .withRetryAfter(5);
  for (const auto& held : end.calls) held.call->refuse(closed);
}

}  // namespace bulkhead::host
