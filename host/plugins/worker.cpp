#include "plugins/worker.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <functional>
#include <malloc.h>
#include <memory>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "data/store_options.hpp"
#include "logging/crash_recorder.hpp"
#include "logging/work_in_hand.hpp"
#include "plugins/bare_store.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/home_options.hpp"
#include "plugins/in_process_home.hpp"
#include "plugins/link_ask.hpp"
#include "plugins/preflight_sandbox.hpp"
#include "plugins/worker_asks.hpp"
#include "plugins/worker_call.hpp"
#include "plugins/worker_capabilities.hpp"
#include "plugins/worker_http.hpp"
#include "plugins/worker_order.hpp"
#include "plugins/worker_process.hpp"
#include "plugins/worker_sandbox.hpp"
#include "plugins/worker_sinks.hpp"

namespace bulkhead::host {
namespace {

constexpr int kExitStopped = 0;
constexpr int kExitAlone = 3;  ///< the host is gone, or spoke nonsense
constexpr int kExitMistaken = 64;
constexpr std::chrono::milliseconds kBeat{250};
constexpr int kBeatsPerFlush = 4;
constexpr std::size_t kChecksAtOnce = 4;
constexpr std::size_t kChecksWaiting = 64;
constexpr rlim_t kStackBytes = rlim_t{8} * 1024 * 1024;

BlackBox* recorded_box = nullptr;  // for the signal handler

void writeRecordedLines(int descriptor) {
  recorded_box->blame(CallStageMark::watched());
  recorded_box->writeLines(descriptor);
}

/// In a thread that the plugin has made an exception costs that thread, in production (S96);
/// elsewhere, and in development, the worker.
LogSink* failure_log = nullptr;

[[noreturn]] void onTerminate() {
  std::string what = "something that is not a std::exception";
  try {
    if (std::current_exception()) throw;
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {  // nothing is known of it
  }
  const bool of_the_plugin = WorkInHand::current() == nullptr;
  if (failure_log != nullptr && of_the_plugin) {
    failure_log->write({}, BULKHEAD_LOG_ERROR,
                       fmt::format("A thread that the plugin made has failed: {}", what), {}, {});
    for (;;) pause();
  }
  std::abort();
}

/// The host counts what it gives a worker, and what has been answered may be on its way out of a
/// lane here when the next one is there already.
HomeLimits withRoomToLeave(HomeLimits limits) {
  for (LaneLimits* lane : {&limits.lane, &limits.asides, &limits.desk, &limits.jobs})
    lane->queue += lane->threads;
  return limits;
}

class Worker {
 public:
  Worker(std::shared_ptr<Link> link, BlackBox& box, BodyWork bodies, EventContractsMaker events)
      : link_{std::move(link)},
        box_{box},
        bodies_{bodies},
        events_{events},
        log_{*link_, box},
        metrics_{*link_, box},
        asks_{link_},
        capabilities_{asks_},
        http_{asks_} {}

  /// On each thread that reads.
  [[noreturn]] void live() {
    try {
      LaneWakes wakes;  // one for all calls that came together
      link_->read([this](const Frame& frame) { take(frame); }, [&] { goOn(wakes); });
    } catch (const std::exception& error) {
      fmt::print(stderr, "bulkhead worker: {}\n", error.what());
    }
    _exit(stopped_ ? kExitStopped
                   : kExitAlone);  // at once: what plugin threads do now is for nobody
  }

 private:
  /// Calls are done by the thread that read them, which saves a wake, while another one is there to
  /// read what comes meanwhile.
  void goOn(LaneWakes& wakes) noexcept {
    InProcessHome* const home = home_.load();
    if (home == nullptr || !link_->hasSpareReader() || !home->workHere(wakes)) return wakes.flush();
    CallStageMark::watch(nullptr);  // from here on the thread works on no call
  }

  /// On a thread of its own, so that it says that the process runs, whatever the others do.
  [[noreturn]] void beat() {
    pthread_setname_np(pthread_self(), "heart");
    for (int beat = 0;; ++beat) {
      box_.beat();
      if (beat % kBeatsPerFlush == 0) metrics_.flush();
      std::this_thread::sleep_for(kBeat);
    }
  }

  void take(const Frame& frame) {
    switch (frame.type) {
      case FrameType::Begin:
        begin(frame);
        return;
      case FrameType::Request:
        call(frame);
        return;
      case FrameType::Ask:
        ask(frame.id, readAsk(frame.payload));
        return;
      case FrameType::HostReply:
      case FrameType::HostFailure:
        asks_.take(frame);
        return;
      default:
        stream(frame);
    }
  }

  /// On the only thread that there is so far.
  void begin(const Frame& frame) {
    if (std::exchange(begun_, true)) throw LinkError{"a worker is told twice what to be"};
    WorkerOrder order = workerOrderFrom(frame.payload);
    hides_others_ = order.sandbox && hideOtherProcesses();
    std::thread{[this] { beat(); }}.detach();
    std::thread{[this] { live(); }}.detach();
    onControl(frame.id, [this, order = std::move(order)] { return create(order); });
  }

  void stream(const Frame& frame) const {
    const auto [request, answer] = streams_.find(frame.id);
    switch (frame.type) {
      case FrameType::Data:
        if (request) request->take(frame.payload);
        return;
      case FrameType::End: {
        const StreamEnd end = readEnd(frame.payload);
        // of the request's body when it ends it, of the answer when nobody wants more of that
        if (end == StreamEnd::Finished || !answer) {
          if (request) request->take(end);
        } else {
          if (request && end == StreamEnd::BrokenOff) request->take(end);
          answer->take(end);
        }
        return;
      }
      case FrameType::Credit:
        if (answer) answer->credit(readCredit(frame.payload));
        return;
      default:
        throw LinkError{"a frame has come that only a worker sends"};
    }
  }

  void call(const Frame& frame) {
    CallMessage message = readCall(frame.payload);
    const auto home = home_.load();
    if (home == nullptr || message.route >= home->routes().size() || message.slot >= box_.slots())
      throw LinkError{"a call is for a route that was never registered"};
    const auto& route = home->routes()[message.route];
    const auto call = std::make_shared<WorkerCall>(WorkerParts{link_, box_, streams_, development_},
                                                   frame.id, std::move(message), route);
    home->submit(call);  // one that is not taken is refused when it goes
  }

  /// Create, start and stop wait for each other and for nothing else.
  void onControl(std::uint64_t id, std::function<std::string()> work) {
    const bool taken = control_.submit(
        [this, id, work = std::move(work)](bool) { reply(id, work); }, Lane::Time::max());
    if (!taken) throw LinkError{"a worker is asked for too much at once"};
  }

  void reply(std::uint64_t id, const std::function<std::string()>& work) {
    std::string frame;
    try {
      const std::string text = work();
      FrameWriter{frame, FrameType::Reply, id}.rest(text).finish();
    } catch (const Error& error) {
      writeError(frame, FrameType::Failure, id, error);
    } catch (const std::exception& error) {
      writeError(frame, FrameType::Failure, id, Error::app("INTERNAL_ERROR", error.what()));
    }
    link_->sendPatiently(frame);
  }

  void ask(std::uint64_t id, Ask ask) {
    if (BareStoreAnswers* const store = bare_store_.load()) {
      onControl(id, [store, ask = std::move(ask)] { return store->answer(ask); });
      return;
    }
    Home* const home = home_.load();
    if (home == nullptr) throw LinkError{"a worker is asked before its plugin is there"};
    switch (ask.kind) {
      case AskKind::Start:
        onControl(id, [home] {
          home->start();
          return std::string{};
        });
        return;
      case AskKind::Stop:
        onControl(id, [this, home, until = ask.deadline] { return stop(*home, until); });
        return;
      default:
        break;
    }
    const auto deadline = ask.deadline;
    const bool taken =
        checks_.submit([this, id, home, ask = std::move(ask)](
                           bool) { reply(id, [&] { return answered(*home, ask); }); },
                       deadline);
    if (taken) return;
    std::string frame;
    writeError(frame, FrameType::Failure, id, Error::app("OVERLOADED", "Too many checks wait."));
    link_->send(frame);
  }

  static std::string answered(Home& home, const Ask& ask) {
    switch (ask.kind) {
      case AskKind::CheckHealth:
        for (const auto& contributor : home.contributors()) {
          if (contributor.number == ask.number) return home.checkHealth(contributor, ask.deadline);
        }
        throw Error::notFound("NOT_FOUND", "There is no such contributor.");
      case AskKind::PingStore:
        return home.pingStore(ask.deadline) ? "1" : "0";
      case AskKind::CountRows:
        return toJson(home.countRows(ask.deadline));
      case AskKind::ShareLease:
        home.shareLease(ask.number == 1, ask.deadline);
        return {};
      case AskKind::SetLimits:
        home.setLimits(withRoomToLeave(homeLimitsFrom(ask.text)));
        return {};
      case AskKind::EndJobs:
        home.endJobs();
        return {};
      case AskKind::ReleaseJobs:
        home.releaseJobs();
        return {};
      default:
        throw Error::app("INTERNAL_ERROR", "Nothing is asked like that.");
    }
  }

  std::string create(const WorkerOrder& order) {
    prepareProcess(order);
    development_ = order.development;
    if (!order.development) failure_log = &log_;
    std::set_terminate(onTerminate);
    log_.hide(order.secrets);
    if (order.library.empty()) {
      owned_bare_store_ = std::make_unique<BareStoreAnswers>(order.plugin, order.store);
      bare_store_ = owned_bare_store_.get();
      return toJson(WorkerRegistration{});
    }
    const PluginFile file = readPluginFile(order.library);
    const auto notes = readPluginNotes(file);
    const auto migrations = parseMigrations(notes.migrations, order.library.string());
    const auto library = std::make_shared<const PluginLibrary>(PluginLibrary::load(order.library));
    const std::shared_ptr<data::Store> store = openStore(order);
    HomeOptions options{
        order.plugin,
        order.version,
        order.settings,
        order.replaces,
        order.limits.deadline,
        order.development,
        migrationOf(order.plugin, migrations, store ? store->engine() : data::Engine::Sqlite,
                    companyOf(order)),
        order.capabilities,
        store != nullptr,
        events_(notes.contracts)};
    auto plugin = std::make_unique<PluginHome>(
        library->table(), std::move(options),
        HomeServices{clock_, log_, metrics_, store.get(), nullptr, &capabilities_, &http_, &bell_});
    owned_home_ = std::make_unique<InProcessHome>(
        std::move(plugin), InProcessHome::Foundation{library, store, order.lease_shared},
        withRoomToLeave(order.limits), bodies_);
    owned_home_->create();
    std::string registered = toJson(WorkerRegistration{
        owned_home_->routes(), owned_home_->contributors(), metrics_.declared()});
    home_ = owned_home_.get();
    return registered;
  }

  static data::MigrationCompany companyOf(const WorkerOrder& order) {
    return order.beside_older_code ? data::MigrationCompany::OlderCode
                                   : data::MigrationCompany::Nobody;
  }

  std::shared_ptr<data::Store> openStore(const WorkerOrder& order) {
    std::optional<data::StoreOptions> options = storeFrom(order);
    if (!options) return nullptr;
    data::observe(*options, [this](std::string_view sql, std::chrono::microseconds duration,
                                   bool failed) { metrics_.addStatement(sql, duration, failed); });
    return data::openStore(std::move(*options));
  }

  void prepareProcess(const WorkerOrder& order) {
    if (!order.crash_folder.empty()) {
      recorded_box = &box_;
      try {
        crashes_ = std::make_unique<CrashRecorder>(CrashRecorderOptions{
            order.crash_folder, order.host_version, order.host_revision, writeRecordedLines});
      } catch (const std::system_error& error) {
        log_.write(order.plugin, BULKHEAD_LOG_WARN,
                   fmt::format("Crashes are not recorded: {}", error.what()), {}, {});
      }
    }
    mallopt(M_ARENA_MAX, 4);
    limitStack();
    limitDescriptors(order.descriptors_max);
    const auto warn = [&](std::string_view text) {
      log_.write(order.plugin, BULKHEAD_LOG_WARN, text, {}, {});
    };
    if (order.sandbox && !confineWorker()) warn("The kernel has no sandbox for the worker.");
    if (order.sandbox && !hides_others_)
      warn("The kernel has no Landlock: the worker can open its host's memory.");
  }

  /// Plugin code runs on the first thread, too, whose stack may have no end.
  static void limitStack() {
    rlimit limit{};
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur <= kStackBytes) return;
    limit.rlim_cur = kStackBytes;
    setrlimit(RLIMIT_STACK, &limit);
  }

  static void limitDescriptors(std::uint64_t most) {
    rlimit limit{};
    if (most == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max = std::min<rlim_t>(most, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
  }

  /// Nothing of it comes after its reply.
  std::string stop(Home& home, Home::Time until) {
    if (home.drain(until)) home.stop();
    metrics_.flush();
    crashes_.reset();
    stopped_ = true;
    std::thread{[] {
      // the reply goes first; the host ends the link when it has it
      std::this_thread::sleep_for(std::chrono::seconds{5});
      _exit(kExitStopped);
    }}.detach();
    return {};
  }

  const std::shared_ptr<Link> link_;
  BlackBox& box_;
  const BodyWork bodies_;
  const EventContractsMaker events_;
  SystemClock clock_;
  WorkerLog log_;
  WorkerMetrics metrics_;
  WorkerAsks asks_;
  WorkerCapabilities capabilities_;
  WorkerHttp http_;
  WorkerBell bell_{*link_};
  OpenStreams streams_;
  bool begun_ = false;
  bool hides_others_ = false;
  bool development_ = false;
  std::atomic<bool> stopped_{false};
  std::unique_ptr<CrashRecorder> crashes_;
  std::unique_ptr<InProcessHome> owned_home_;
  std::unique_ptr<BareStoreAnswers> owned_bare_store_;  // instead of a home
  std::atomic<BareStoreAnswers*> bare_store_{nullptr};
  std::atomic<InProcessHome*> home_{nullptr};  ///< once it was created, with its routes
  Lane control_{"control", {1, 8}};
  Lane checks_{"checks", {kChecksAtOnce, kChecksWaiting}};
};

}  // namespace

int runWorker(const char* plugin, BodyWork bodies, EventContractsMaker events) {
  dieWithParent();
  prctl(PR_SET_NAME, plugin);
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
  try {
    const auto link = std::make_shared<Link>(FileDescriptor{kWorkerLinkDescriptor}, LinkEnd::Host);
    BlackBox box = BlackBox::open(FileDescriptor{kWorkerBoxDescriptor});
    // allowed: threads stand on it until the process ends
    auto* worker = new Worker{link, box, bodies, events};
    worker->live();
  } catch (const Error&) {
    fmt::print(stderr, "bulkhead worker: the host starts it; it cannot be started by hand\n");
    return kExitMistaken;
  }
}

}  // namespace bulkhead::host
