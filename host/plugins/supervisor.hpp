#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/plugin_conf.hpp"
#include "config/variables.hpp"
#include "data/store_options.hpp"
#include "plugins/compartment.hpp"
#include "plugins/manifest.hpp"
#include "plugins/plugin_change.hpp"
#include "plugins/worker_process.hpp"
#include "runtime/capability_caller.hpp"
#include "runtime/event_contracts.hpp"
#include "runtime/http_sender.hpp"
#include "runtime/services.hpp"
#include "runtime/work_bell.hpp"

namespace bulkhead::host {

class BareStore;
class WorkerKeeper;

struct SupervisorOptions {
  std::filesystem::path plugin_dir;  ///< where `<id>.so` is looked for
  std::filesystem::path cache_dir;   ///< private copies of what is loaded
  bool development = false;
  std::chrono::milliseconds start_timeout{10'000};
  Isolation isolation = Isolation::InProcess;  ///< of plugins whose configuration does not say
  std::filesystem::path crash_folder{};        ///< for records of workers; empty: none are kept
  std::size_t crash_records = 20;              ///< how many are kept there
  std::string host_version{};
  std::string host_revision{};
  WorkerProgram program = WorkerProgram::own();  ///< what workers are
};

/// What plugins stand on; borrowed, and outliving the supervisor.
struct SupervisorServices {
  Clock& clock;
  LogSink& log;
  MetricSink& metrics;
  BodyWork bodies;
  /// How the store of one plugin is opened, by its home alone.
  std::function<data::StoreOptions(const std::string& plugin)> store_options;
  std::function<std::chrono::microseconds()> slow_query;  ///< statements above it are told whole
  /// Takes in the routes of a plugin's created home in place of those that the plugin had, or
  /// throws Error and has changed nothing (two plugins that want the same route: the later one).
  std::function<void(const std::shared_ptr<Compartment>&, const Home&)> admit;
  /// Takes in what health wants to know of it, once it is admitted.
  std::function<void(const std::shared_ptr<Compartment>&, const Home&)> attend;
  /// Throws Error when a started plugin is not well enough to take another one's place.
  std::function<void(Home&)> judge;
  /// After each change of a plugin's state.
  std::function<void(const Compartment&)> changed;
  CapabilityCaller* capabilities = nullptr;  ///< null: nobody provides any
  HttpSender* http = nullptr;                ///< null: plugins reach no outside service
  WorkBell* bell = nullptr;                  ///< null: nobody is told of events and messages
  EventContractsMaker events = nullptr;      ///< null: what plugins publish is not looked at
  /// What contracts say of the asks of what a plugin provides; empty: no plugin asks. Throws Error
  /// for contracts that are none.
  std::function<AsksTerms(const std::string& plugin, const PluginCapabilities& said)> ask_terms{};
};

/// Boots plugins from their configuration, each in a compartment of its own: nothing that a file, a
/// manifest or a plugin does stops the others or the host. boot() and close() from one thread, the
/// rest from any.
class Supervisor {
 public:
  Supervisor(SupervisorOptions options, SupervisorServices services);
  ~Supervisor();

  /// Reads files and manifests, orders them by what they require of each other, and starts those
  /// that require nothing of each other at the same time, a few at once; their routes are taken in
  /// by id, whoever was faster. False when stopBooting() ended it.
  bool boot(std::vector<PluginConf> confs, const Variables& variables);
  /// Makes boot() return soon: it gives up what is being created or started, and the others stay
  /// discovered. Any thread.
  void stopBooting();
  /// Closes all, in reverse order of their start; each gets what is left of `patience`.
  /// False when one had calls that did not return.
  bool close(std::chrono::milliseconds patience);

  /// Other limits for one plugin while it runs; nothing for an unknown id. Any thread.
  void setLimits(std::string_view id, const PluginLimits& limits, bool required);

  // Changes of one plugin while the host serves; any thread, after boot(). Each of them throws
  // Error when it cannot begin: PLUGIN_BUSY (409) while another one of the same plugin runs,
  // NOT_FOUND, STOPPING. What is tried and fails is told in what they return.

  /// Reads its file, manifest and settings anew, and puts them in the place of what runs, or starts
  /// them where nothing runs; a plugin that was not there at boot, too. The calls of the old
  /// generation have `patience`.
  PluginChange reload(PluginConf conf, const Variables& variables,
                      std::chrono::milliseconds patience);
  /// The same for a version whose migrations contract: the old generation ends first, a checked
  /// copy of the store is kept, and both come back when the new one fails. Calls wait meanwhile.
  /// Where nothing runs, the store alone is kept and comes back.
  PluginChange reloadPaused(PluginConf conf, const Variables& variables,
                            std::chrono::milliseconds patience);
  /// Drains and closes it: `disabled`, until it is reloaded.
  PluginChange disable(const std::string& id, std::chrono::milliseconds patience);
  /// Starts it again at once when its process died too often (409 PLUGIN_NOT_HELD when not);
  /// returns when it runs or does not.
  PluginChange release(const std::string& id);

  /// The store of a plugin, whether that runs, is closed or is known at all, where it would live:
  /// in the host, or in a worker made for this. Throws Error (NO_CHILD_PROCESS).
  std::unique_ptr<BareStore> bareStore(const std::string& plugin) const;

  /// What the desk of jobs of a closed plugin's store says (answerJobDesk); nothing for one that is
  /// not closed. A change as any other: never beside one that may move or put back the store.
  std::optional<std::string> askClosedJobs(const std::string& plugin, const std::string& request);

  /// Keeps changes from beginning, or lets them again; false when one is under way. Any thread.
  bool holdChanges();
  void allowChanges();
  /// No change begins any more, and those under way are given up. Any thread.
  void stopChanges();

  /// In order of id; complete once boot() has listed them, which it does before it starts any.
  std::vector<std::shared_ptr<Compartment>> compartments() const;
  std::shared_ptr<Compartment> find(std::string_view id) const;

 private:
  struct Candidate;

  std::vector<Candidate> discover(std::vector<PluginConf> confs, const Variables& variables) const;
  Compartment::Options compartmentOptions(const Candidate& candidate) const;
  using Step = std::vector<Candidate*>;

  class Turn;

  template <class Work>
  static void guarded(Candidate& candidate, const Work& work);

  std::vector<Step> order(std::vector<Candidate>& candidates);
  void bootStep(const Step& step);
  void verifyAndCreate(Candidate& candidate);
  void start(Candidate& candidate);
  void report(const Candidate& candidate);
  void admit(const Candidate& candidate);
  void remember(const Candidate& candidate);
  bool create(Candidate& candidate);
  std::shared_ptr<Home> newHome(Candidate& candidate);
  std::shared_ptr<data::Store> storeOf(const std::string& plugin, data::StoreOptions options) const;
  Candidate examine(PluginConf conf, const Variables& variables);
  void checkOrder(Candidate& candidate) const;
  enum class Pause { No, Yes };
  PluginChange renew(PluginConf conf, const Variables& variables,
                     std::chrono::milliseconds patience, Pause pause);
  SuccessionReport succeed(Candidate& candidate, std::chrono::milliseconds patience);
  SuccessionReport succeedPaused(Candidate& candidate, std::chrono::milliseconds patience,
                                 PluginChange& change);
  SuccessionReport startKept(Candidate& candidate, std::chrono::milliseconds patience,
                             PluginChange& change);
  std::filesystem::path keepCopy(const std::string& plugin) const;
  SuccessionOrder successionOrder(Candidate& candidate);
  void watch(const Candidate& candidate);
  bool awaitRestart(const Compartment& compartment);
  bool beginRecycling(const std::string& id, std::string reason);
  void recycle(const std::string& id, const std::string& reason);
  void endRecycling();
  std::shared_ptr<const Candidate> runningOne(const std::string& plugin) const;
  bool isClosing() const;
  std::string whereaboutsOf(const Candidate& old, const SuccessionReport& report) const;
  void endChanges(std::chrono::steady_clock::time_point until);
  bool isWorker(const Candidate& candidate) const;
  static PluginLimits limitsOf(const Candidate& candidate);
  PluginCapabilities capabilitiesOf(const Candidate& candidate) const;
  std::shared_ptr<Home> inProcessHome(Candidate& candidate) const;
  std::shared_ptr<Home> workerHome(Candidate& candidate);

  const SupervisorOptions options_;
  const SupervisorServices services_;
  std::atomic<bool> stop_booting_{false};
  std::unique_ptr<WorkerKeeper> keeper_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> changing_;  // plugins
  bool closing_ = false;
  bool held_ = false;                                                 ///< no change may begin
  std::map<std::string, Manifest> manifests_;                         // of those that may run
  std::map<std::string, std::shared_ptr<const Candidate>> running_;   // what runs was made of
  mutable std::map<std::string, std::weak_ptr<data::Store>> stores_;  // opened here
  std::vector<std::shared_ptr<Compartment>> compartments_;
  std::vector<std::shared_ptr<Compartment>> started_;  // in order of start
  std::set<std::string> recycling_;                    // plugins
  std::map<std::string, std::thread> recyclers_;       // theirs, and some that have ended
};

}  // namespace bulkhead::host
