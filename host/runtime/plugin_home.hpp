#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <bulkhead/abi.h>
#include <bulkhead/error.hpp>

#include "data/store.hpp"
#include "runtime/capability_caller.hpp"
#include "runtime/event_contracts.hpp"
#include "runtime/http_sender.hpp"
#include "runtime/inbox.hpp"
#include "runtime/job_leases.hpp"
#include "runtime/job_rows.hpp"
#include "runtime/job_schedules.hpp"
#include "runtime/message.hpp"
#include "runtime/outbox.hpp"
#include "runtime/plugin_answer.hpp"
#include "runtime/plugin_capabilities.hpp"
#include "runtime/plugin_input.hpp"
#include "runtime/registration.hpp"
#include "runtime/services.hpp"
#include "runtime/work_bell.hpp"

namespace bulkhead::host {

struct DeskStore;
struct IdempotencyClaim;

/// A checked setting: unset, integer (booleans are 0 or 1, durations milliseconds), number or text.
using PluginSetting = std::variant<std::monostate, std::int64_t, double, std::string>;

struct HomeOptions {
  std::string plugin;                             ///< id
  std::string version{};                          ///< of its manifest, for crash records
  std::map<std::string, PluginSetting> settings;  ///< every declared one
  std::vector<std::string> replaces{};  ///< services whose paths under /api/ it may serve as well
  std::chrono::milliseconds default_deadline{30'000};
  bool development = false;  ///< S60: more in error bodies
  std::function<void(data::Store&)>
      migrate;  ///< brings the plugin's schema up to date; retried until it succeeds
  PluginCapabilities capabilities{};
  bool has_store = true;                           ///< its manifest says so
  std::shared_ptr<const EventContracts> events{};  ///< null: what it publishes is not looked at
  std::shared_ptr<RouteMemory> known_routes{};     ///< null: each route is made anew
};

/// The services a home is given; borrowed, and outliving it. `store` may be null: then the store
/// verbs refuse. Without `randomness` it is the system's, without `capabilities` nobody provides
/// any, without `http` nothing goes out, and without `bell` nobody is told of messages.
struct HomeServices {
  Clock& clock;
  LogSink& log;
  MetricSink& metrics;
  data::Store* store = nullptr;
  Randomness* randomness = nullptr;
  CapabilityCaller* capabilities = nullptr;
  HttpSender* http = nullptr;
  WorkBell* bell = nullptr;
};

/// A plugin's home in this process: implements the waist's host table for one plugin, and keeps
/// what it registered. Life: create() once, start() once, then handle() and checkHealth() from many
/// threads, then stop() once. Nothing that the plugin does or throws leaves it but as an Error or
/// an error response.
class PluginHome {
 public:
  PluginHome(const bulkhead_plugin& table, HomeOptions options, HomeServices services);
  /// Stops what is still started and destroys the plugin.
  ~PluginHome();
  PluginHome(const PluginHome&) = delete;
  PluginHome& operator=(const PluginHome&) = delete;

  /// Creates the plugin, which registers. Throws the plugin's Error, or that of a registration
  /// which was refused, whether the plugin looked at it or not; nothing is left registered then.
  void create();
  /// Migrates the store when it can be reached, and starts the plugin. Throws the plugin's Error.
  void start();
  /// Stops and destroys the plugin. The caller has made sure that no call is in flight.
  void stop() noexcept;
  /// It is to end soon: jobs are told, and those that end by that are as if they had not been
  /// begun.
  void endJobs() noexcept { stopping_ = true; }
  /// Jobs that run in spite of that are others' from now on.
  void releaseJobs() noexcept;
  /// For a plugin with calls that never return: from now on nobody enters it (503
  /// PLUGIN_UNAVAILABLE), and it is never destroyed, since calls may still be inside. Any thread.
  void abandon() noexcept;

  /// Checks the request by the contract, runs it under its idempotency key and transaction, and
  /// answers. Called on a lane's thread; blocks as long as the plugin does.
  HttpResponse handle(const RegisteredRoute& route, const HttpRequest& request,
                      std::chrono::steady_clock::time_point deadline) noexcept;
  /// The same for a route that streams: `outlet` gets the answer, or its head when the handler
  /// begins; returns when the handler does. The deadline is that of the answer's beginning and of
  /// the request's body; the store's work after it has the plugin's own.
  void handleStreams(const RegisteredRoute& route, const HttpRequest& request,
                     std::chrono::steady_clock::time_point deadline,
                     const AnswerOutlet& outlet) noexcept;
  /// The contributor's JSON object. Throws the plugin's Error.
  std::string checkHealth(const RegisteredContributor& contributor,
                          std::chrono::steady_clock::time_point deadline);

  /// Longest time for store work outside a request, from now on. Any thread.
  void setDefaultDeadline(std::chrono::milliseconds deadline) noexcept {
    default_deadline_ms_ = deadline.count();
  }

  const std::string& plugin() const { return options_.plugin; }
  const std::vector<std::shared_ptr<const RegisteredRoute>>& routes() const { return routes_; }
  const std::vector<RegisteredContributor>& contributors() const { return contributors_; }
  const PluginCapabilities& capabilities() const { return options_.capabilities; }
  data::Store* store() const { return services_.store; }

 private:
  friend struct HostTable;
  friend struct JobTable;
  friend struct MessageTable;
  friend struct Registering;

  PluginInput admit(const RegisteredRoute& route, const HttpRequest& request) const;
  void tellSanitized(const RegisteredRoute& route, const HttpRequest& request,
                     std::size_t values) const;
  HttpResponse dispatch(const RegisteredRoute& route, const HttpRequest& request,
                        bulkhead_context& context);
  HttpResponse dispatchWrite(const RegisteredRoute& route, const HttpRequest& request,
                             bulkhead_context& context);
  HttpResponse dispatchRecovering(const RegisteredRoute& route, const HttpRequest& request,
                                  bulkhead_context& context);
  std::optional<HttpResponse> findAnswer(const IdempotencyClaim& claim, const HttpRequest& request,
                                         bulkhead_context& context, bool running);
  template <class Answer>
  void storeAnswer(const IdempotencyClaim& claim, const Answer& answer, bulkhead_context& context);
  HttpResponse callPlugin(const RegisteredRoute& route, const HttpRequest& request,
                          bulkhead_context& context, bulkhead_transaction* transaction);
  void callPlugin(const RegisteredRoute& route, const HttpRequest& request,
                  bulkhead_context& context, bulkhead_transaction* transaction,
                  PluginAnswer& answer);
  void failStreams(const Error& error, const RegisteredRoute& route, const HttpRequest& request,
                   const PluginAnswer& answer, const AnswerOutlet& outlet);
  void logFailure(const Error& error, const RegisteredRoute& route, const HttpRequest& request,
                  int status);
  HttpResponse refuse(const Error& error, const RegisteredRoute& route, const HttpRequest& request);
  void requirePresent() const;

  struct MessageEnd;
  void addMessageDesk();
  bool publish(outbox::NewEvent event, bulkhead_transaction& transaction);
  bool keep(inbox::NewRow message, bulkhead_transaction& transaction);
  std::string newEventId();
  static double chance();
  HttpResponse workOnMessages(const HttpRequest& request, bulkhead_context& context);
  HttpResponse runMessage(const RegisteredRoute& route, const HttpRequest& request,
                          bulkhead_context& context);
  MessageEnd runInTransaction(const RegisteredRoute& route, std::int64_t seq,
                              bulkhead_context& context);
  MessageEnd runOutside(const RegisteredRoute& route, std::int64_t seq, bulkhead_context& context);
  void callHandler(const RegisteredRoute& route, const inbox::Row& row, bulkhead_context& context,
                   bulkhead_transaction* transaction);
  MessageEnd failMessage(const RegisteredRoute& route, std::int64_t seq, const Error& error);

  void addJobDesk();
  const RegisteredRoute* findQueue(std::string_view queue) const;
  jobs::Enqueued enqueue(jobs::NewJob job, bulkhead_transaction& transaction);
  static void requireJob(const bulkhead_context* context, data::Transaction& transaction);
  bool tellJob(bulkhead_context* context, std::string_view progress);
  HttpResponse workOnJobs(const HttpRequest& request, bulkhead_context& context);
  HttpResponse runJob(const RegisteredRoute& queue, const HttpRequest& request,
                      bulkhead_context& context);
  std::string_view workOnJob(const RegisteredRoute& queue, const jobs::Claimed& job,
                             bulkhead_context& context);
  void callQueue(const RegisteredRoute& queue, const HttpRequest& request,
                 bulkhead_context& context, bulkhead_transaction* transaction);
  void completeJob(const jobs::Run& run, bulkhead_transaction& transaction);
  std::string_view failJob(const RegisteredRoute& queue, const jobs::Claimed& job,
                           const Error& error);
  void renewLease(const jobs::Run& run);

  DeskStore deskStore(bulkhead_context& context);
  static std::string traceText(const HttpRequest* request);
  void runRead(bulkhead_context* context,
               const std::function<void(bulkhead_transaction&)>& closure);
  void runWrite(bulkhead_context* context,
                const std::function<void(bulkhead_transaction&)>& closure);
  void beginCall(bulkhead_context* context, CapabilityCall& call,
                 std::chrono::microseconds timeout) const;
  std::string callCapability(bulkhead_context* context, CapabilityCall call,
                             std::chrono::microseconds timeout);
  AskOutcome askCapability(bulkhead_context* context, CapabilityCall ask,
                           std::chrono::microseconds timeout);
  data::Store& readyStore();
  OutboundAnswer sendOutbound(bulkhead_context* context, OutboundRequest request);
  std::chrono::steady_clock::time_point deadlineOf(const bulkhead_context* context) const;

  const bulkhead_plugin& table_;
  HomeOptions options_;
  std::atomic<std::int64_t> default_deadline_ms_;
  HomeServices services_;
  const std::int64_t wall_base_us_;  ///< the wall clock's lead when it was made: see DeskStore
  std::unique_ptr<bulkhead_home> handle_;
  void* object_ = nullptr;
  bool creating_ = false;
  std::optional<Error> refused_registration_;  ///< the first, which a plugin may have passed over
  bool started_ = false;
  std::atomic<bool> gone_ = false;  ///< stopped or abandoned
  std::vector<std::shared_ptr<const RegisteredRoute>> routes_;
  std::vector<RegisteredContributor> contributors_;
  std::vector<std::uint32_t> metrics_;
  std::set<std::string, std::less<>> published_;  ///< capabilities whose events it publishes
  std::vector<RegisteredSchedule> schedules_;
  std::atomic<bool> stopping_ = false;  ///< endJobs()
  std::mutex prepare_mutex_;
  std::atomic<bool> prepared_ = false;
  JobLeases leases_{
      [this](const jobs::Run& run) { renewLease(run); }};  ///< last: its thread ends first
};

}  // namespace bulkhead::host
