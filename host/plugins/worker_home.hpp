#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "data/store.hpp"
#include "plugins/ask_desk.hpp"
#include "plugins/black_box.hpp"
#include "plugins/held_calls.hpp"
#include "plugins/home.hpp"
#include "plugins/link.hpp"
#include "plugins/link_ask.hpp"
#include "plugins/worker_order.hpp"
#include "plugins/worker_process.hpp"
#include "runtime/capability_caller.hpp"
#include "runtime/http_sender.hpp"
#include "runtime/services.hpp"
#include "runtime/work_bell.hpp"

namespace bulkhead::host {

/// How a worker ended that was not asked to, and what it left behind.
struct WorkerEnd {
  std::string reason;  ///< a clause: "was killed by signal 11 (SIGSEGV)"
  ProcessEnd process;
  const Home* home = nullptr;  ///< which of a plugin's homes this is about; not to be used
  bool started = true;         ///< start() had returned
  pid_t id = 0;
  std::chrono::milliseconds uptime{0};
  bool hung = false;               ///< the host ended it, since it did not go on
  bool abandoned = false;          ///< another one is in its place, or none is wanted
  std::vector<HeldCall> calls;     ///< those that it had not answered
  std::vector<std::string> lines;  ///< the last of its log
};

/// What a worker's home stands on in the host; borrowed, and outliving it.
struct WorkerServices {
  const WorkerProgram& program;
  LogSink& log;
  MetricSink& metrics;
  data::StatementObserver on_statement;  ///< told of what its store did; may be empty
  /// Its process has ended without being asked to; on a thread of the home, once.
  std::function<void(WorkerEnd end)> ended;
  CapabilityCaller* capabilities =
      nullptr;                 ///< outlives every ask of it; null: nobody provides any
  HttpSender* http = nullptr;  ///< likewise; null: nothing goes out
  WorkBell* bell = nullptr;    ///< outlives the home; null: nobody is told of messages
};

/// A plugin that lives in a process of its own, which the host starts, is linked to and ends. What
/// happens in it costs the calls that it held, and nothing else.
class WorkerHome final : public Home {
 public:
  WorkerHome(WorkerOrder order, WorkerServices services);
  /// Ends its process.
  ~WorkerHome() override;

  void create() override;
  /// The same for who wants no longer to wait then. Throws DEADLINE_EXCEEDED.
  void createUntil(std::optional<Time> until);
  void start() override;
  void interrupt() noexcept override;
  bool drain(Time until) override;
  void stop() noexcept override;
  void releaseJobs() noexcept override;
  bool abandon() noexcept override;
  bool submit(const std::shared_ptr<HomeCall>& call) override;
  std::string checkHealth(const RegisteredContributor& contributor, Time deadline) override;
  void setLimits(const HomeLimits& limits) override;
  HomeLoad load() const override;
  std::optional<std::uint64_t> memoryBytes() const override;
  bool isAlive() const noexcept override { return !dying_; }
  const std::vector<std::shared_ptr<const RegisteredRoute>>& routes() const override {
    return registration_.routes;
  }
  const std::vector<RegisteredContributor>& contributors() const override {
    return registration_.contributors;
  }
  const PluginCapabilities& capabilities() const override { return order_.capabilities; }
  bool hasStore() const override { return order_.database || !order_.store.empty(); }
  bool pingStore(Time deadline) override;
  void shareLease(bool shared, Time deadline) override;
  std::vector<TableRows> countRows(Time deadline) override;

  /// Asks a worker that has a store and no plugin, for as long as it takes. `go_on` is asked now
  /// and then; false ends its process, and throws BACKUP_STOPPED.
  std::string askStore(const Ask& ask, const std::function<bool()>& go_on = {});

  /// Looks what its process uses now; of its memory memoryBytes() tells until the next look.
  WorkerUsage measure();
  /// What a supervisor wants to know; 0 while there is no process.
  pid_t processId() const;
  Time lastBeat() const;
  /// How long the call that is furthest past its deadline has been so, of those that were begun and
  /// do not stream.
  std::chrono::milliseconds longestOverdue() const { return held_->longestOverdue(*box_); }
  /// Ends the process with that signal; `reason` is a clause for WorkerEnd.
  void kill(int signal, std::string reason, bool hung);
  void setLogLevel(int level) noexcept;
  void setSlowQuery(std::chrono::microseconds threshold) noexcept;

 private:
  void launch();
  std::unique_ptr<AskDesk> newDesk() const;
  void read();
  void take(const Frame& frame);
  void takeAnswer(const Frame& frame);
  void takeReply(const Frame& frame);
  void takeStreaming(const Frame& frame);
  void takeRecords(std::string_view payload) const;
  void finish(std::string problem);
  struct Blame {
    bool nobody = false;
    std::uint64_t call = 0;  ///< 0: any that was begun
  };
  Blame blame() const;
  std::vector<HeldCall> takeHeld();
  std::string request(const Ask& ask, std::optional<Time> until);
  std::string await(std::uint64_t id, std::future<std::string> reply, std::optional<Time> until);
  std::uint64_t addWaiter(std::promise<std::string> waiter);
  void tell(const Ask& ask);
  void withdrawMetrics() noexcept;
  void checkRegistration() const;
  std::string endReason(const ProcessEnd& end) const;

  const WorkerOrder order_;
  const WorkerServices services_;
  std::optional<BlackBox> box_;
  std::shared_ptr<HeldCalls> held_;  ///< with the desk, too
  std::shared_ptr<Link> link_;
  std::unique_ptr<AskDesk> desk_;
  std::unique_ptr<WorkerProcess> process_;
  std::thread reader_;
  Time launched_{};
  WorkerRegistration registration_;
  std::vector<std::uint32_t> metrics_;  ///< the host's numbers of them
  mutable std::mutex mutex_;
  std::condition_variable moved_;
  std::map<std::uint64_t, std::promise<std::string>> waiters_;
  std::uint64_t asked_ = 0;
  std::atomic<bool> dying_{false};
  std::atomic<std::uint64_t> memory_bytes_{0};
  bool created_ = false;
  bool started_ = false;
  bool stopping_ = false;  ///< its end is wanted
  bool ended_ = false;
  bool hung_ = false;
  std::atomic<bool> abandoned_{false};
  std::atomic<bool> ending_{false};  ///< drain() was called
  std::string killed_for_;
};

}  // namespace bulkhead::host
