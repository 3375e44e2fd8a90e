#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "capabilities/desk_answers.hpp"
#include "capabilities/message_call.hpp"
#include "plugins/compartment.hpp"
#include "runtime/event_contracts.hpp"
#include "runtime/work_bell.hpp"

namespace bulkhead::host {

/// How long events and messages are kept.
struct MessageRetention {
  std::chrono::milliseconds events{};  ///< that somebody who is closed has not got yet
  std::chrono::milliseconds bodies{};  ///< of messages that are finished
  std::chrono::milliseconds keys{};    ///< by which repeats are known
};

/// Of one plugin, as they were a moment ago.
struct PluginMessages {
  std::string plugin;
  std::vector<MessageFigures> outbox;  ///< by capability: published, and not with everybody
  std::vector<MessageFigures> inbox;   ///< by source
};

/// Carries events from the stores of those who publish to those who listen, and has messages
/// handled: durable where they were until they are durable where they go. All that it does with a
/// plugin goes through its compartment, as every other call does; what a plugin has not committed
/// it does not know of. What comes back is not trusted (desk_answers), and what fails with one
/// plugin keeps nothing from the others. One thread, which never waits for a plugin.
class EventCarrier final : public WorkBell {
 public:
  using Compartments = std::function<std::vector<std::shared_ptr<Compartment>>()>;
  /// A message of a plugin has ended a run: "done", "retry", "dead", "poison", "ignored".
  using Record =
      std::function<void(std::string_view plugin, std::string_view source, std::string_view)>;

  EventCarrier(MessageRetention retention, Record record);
  /// end().
  ~EventCarrier() override;

  /// Takes in what a plugin's created home listens to and publishes, in place of what it did
  /// before. Throws Error (CAPABILITY_REFUSED) for contracts that are none. Any thread.
  void admit(const std::shared_ptr<Compartment>& compartment, const Home& home);
  /// All plugins are known, most are started, and no other host is to go on in this one's place:
  /// from now on events move. `all` also has those that are closed. Once; nothing after end().
  void begin(Compartments all);
  /// Nothing is begun any more; what is under way is left to whoever comes next.
  void end();

  void ring(std::string_view plugin) noexcept override;
  /// A plugin has changed its state: what waited for it may go on.
  void look(const std::string& plugin) { ring(plugin); }

  /// The events of a capability that a plugin listens to.
  std::vector<std::string> listens(const std::string& plugin, std::string_view capability) const;
  /// By plugin, of those that have events or messages.
  std::vector<PluginMessages> figures() const;
  /// Asks a plugin's message desk and waits; see answerMessageDesk, and desk_answers for what it
  /// said. Throws Error: NOT_FOUND for a plugin that has no messages, or why it cannot be asked.
  std::string ask(const std::string& plugin, std::string request,
                  std::chrono::milliseconds patience);

 private:
  using Json = nlohmann::json;
  using Time = std::chrono::steady_clock::time_point;
  using Route = std::shared_ptr<const RegisteredRoute>;
  struct Member;
  struct Carry;
  struct Flight;
  struct Queue;
  using Then = std::function<void(const Json* answer, const std::string& problem)>;

  void live();
  static void run(const std::function<void()>& task) noexcept;
  Time step();
  Time stepGuarded(Member& member, Time now);
  static Time nextStep(const Member& member, Time now);
  void stepMember(Member& member, Time now);
  void stepListening(Member& member, Time now);
  void stepInbox(Member& member, Time now);
  void stepOutbox(Member& member, Time now);
  void stepCare(Member& member, Time now);
  void hear(const std::string& plugin);
  static void takeAgenda(Member& member, desk_answers::Agenda agenda, bool full);
  void handle(Member& member, const inbox::Due& due);
  void takeEnd(const std::string& plugin, std::int64_t seq, const Route& route,
               const MessageCall::Outcome& outcome);
  void takeOutcome(Member& member, std::int64_t seq, const std::string& source,
                   std::string_view answer);
  static void holdBack(Member& member, std::int64_t seq);
  static bool isPoison(const Member& member, std::int64_t seq);
  void bury(Member& member, std::int64_t seq, const std::string& source);
  void conclude(Member& member, std::int64_t seq, const std::string& source, const Json& request);
  void carry(Member& member, Carry& carry);
  void keepAt(const std::string& provider, const std::string& capability,
              const std::string& consumer, const outbox::Page& page);
  void advance(const std::string& provider, const std::string& capability,
               const std::string& consumer, const Json& request, bool more);
  void settle(Member& member, const std::string& capability);
  void settleThrough(Member& member, const std::string& capability, std::int64_t through);
  void takeSettled(Member& member, const std::string& capability,
                   const desk_answers::Settled& settled);
  Json settlement(Member& member, const std::string& capability);
  void survey(Member& member, Time now);
  void takeFigures(Member& member, desk_answers::Figures figures);
  void sweep(Member& member, Time now);
  void post(std::function<void()> task) noexcept;
  void endCarry(const std::string& provider, const std::string& capability,
                const std::string& consumer, bool failed, bool more);
  void askDesk(const Member& member, const Json& request, Then then);
  void submit(const std::shared_ptr<Compartment>& compartment, Route route, HttpRequest request,
              std::chrono::milliseconds patience, std::function<void(MessageCall::Outcome)> done);
  Member* find(const std::string& plugin);
  Carry* findCarry(const std::string& provider, const std::string& capability,
                   const std::string& consumer);
  void tell(Member& member, std::string_view source, std::string_view outcome) const;

  const MessageRetention retention_;
  const Record record_;
  Compartments all_;
  const std::shared_ptr<Queue> queue_;  ///< with the calls, which may end after this
  mutable std::mutex mutex_;
  std::map<std::string, PluginMessages> figures_;  // guarded by mutex_
  struct Known {
    std::shared_ptr<Compartment> compartment;
    Route desk;
    std::vector<Route> handlers;
  };
  std::map<std::string, Known> known_;                      // likewise
  std::map<std::string, std::unique_ptr<Member>> members_;  // the thread's own, as what follows
  std::vector<Flight> flights_;
  std::thread thread_;
};

}  // namespace bulkhead::host
