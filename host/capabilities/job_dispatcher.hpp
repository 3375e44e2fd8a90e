#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "capabilities/job_answers.hpp"
#include "capabilities/message_call.hpp"
#include "plugins/compartment.hpp"
#include "runtime/work_bell.hpp"

namespace bulkhead::host {

/// How long finished jobs are kept.
struct JobRetention {
  std::chrono::milliseconds finished{};  ///< completed and cancelled ones
  std::chrono::milliseconds dead{};
};

/// Of one plugin, as they were a moment ago.
struct PluginJobs {
  std::string plugin;
  std::vector<std::string> queues;  ///< that it has registered
  std::vector<JobFigure> figures;
  std::vector<std::string> paused;
  bool runs = false;  ///< the plugin is there to do them
};

/// How a run of a job has ended: "completed", "retry", "dead", "cancelled", "released", "lost",
/// "stalled" (its home ended, or was silent).
struct JobRecord {
  std::string_view plugin;
  std::string_view queue;
  std::string_view outcome;
  std::chrono::microseconds duration{};
};

/// Has the jobs of plugins done: looks into their stores for what is due, and hands it to their
/// compartments, as every other call is; who has a job is decided in the store. What comes back is
/// not trusted (job_answers), and what fails with one plugin keeps nothing from the others. One
/// thread, which never waits for a plugin.
class JobDispatcher final : public WorkBell {
 public:
  using Record = std::function<void(const JobRecord&)>;

  JobDispatcher(JobRetention retention, Record record);
  /// end().
  ~JobDispatcher() override;

  /// Takes in the queues of a plugin's created home, in place of what it had before. Any thread.
  void admit(const std::shared_ptr<Compartment>& compartment, const Home& home);
  /// From now on jobs are done. Once; nothing after end().
  void begin();
  /// Nothing is begun any more; what is under way is left to whoever comes next.
  void end();

  void ring(std::string_view plugin) noexcept override;

  /// By plugin, of those that have queues.
  std::vector<PluginJobs> figures() const;
  /// Asks a plugin's desk of jobs and waits; see answerJobDesk, and job_answers for what it said.
  /// Throws Error: NOT_FOUND for a plugin that has no queues, or why it cannot be asked.
  std::string ask(const std::string& plugin, const std::string& request,
                  std::chrono::milliseconds patience);

 private:
  using Json = nlohmann::json;
  using Time = std::chrono::steady_clock::time_point;
  using Route = std::shared_ptr<const RegisteredRoute>;
  using Then = std::function<void(const Json* answer)>;
  struct Member;
  struct Run;
  struct Mailbox;
  struct Flight {
    std::weak_ptr<MessageCall> call;
    Time give_up_at;
  };

  void live();
  static void run(const std::function<void()>& task) noexcept;
  Time step();
  Time stepGuarded(Member& member, Time now);
  void stepMember(Member& member, Time now);
  void look(Member& member, Time now);
  static void takeAgenda(Member& member, job_answers::Agenda agenda);
  void runDue(Member& member);
  void work(Member& member, const Route& queue, const jobs::Due& due);
  void takeEnd(const std::string& plugin, const std::string& owner,
               const MessageCall::Outcome& outcome);
  void conclude(Member& member, const std::string& owner, Json request);
  void tellLost(Member& member);
  void finish(Member& member, const std::string& owner, std::string_view outcome);
  void survey(Member& member, Time now);
  void sweep(Member& member, Time now);
  void askDesk(const Member& member, const Json& request, Then then);
  void submit(const Member& member, Route route, HttpRequest request,
              std::chrono::milliseconds patience, std::function<void(MessageCall::Outcome)> done);
  Member* find(const std::string& plugin);
  void tell(const Member& member, const std::string& queue, std::string_view outcome,
            std::chrono::microseconds duration) const;

  const JobRetention retention_;
  const Record record_;
  const std::string instance_;              ///< of this process, in the names of its runs
  const std::shared_ptr<Mailbox> mailbox_;  ///< with the calls, which may end after this
  mutable std::mutex mutex_;
  struct Known {
    std::shared_ptr<Compartment> compartment;
    Route desk;
    PluginJobs told;
  };
  std::map<std::string, Known> known_;                      // guarded by mutex_
  std::map<std::string, std::unique_ptr<Member>> members_;  // the thread's own, as what follows
  std::vector<Flight> flights_;
  std::uint64_t runs_ = 0;
  std::thread thread_;
};

}  // namespace bulkhead::host
