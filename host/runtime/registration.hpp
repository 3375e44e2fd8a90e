#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/contract.hpp"

namespace bulkhead::host {

/// What one plugin registers at most.
inline constexpr std::size_t kRoutesMax = 1000;
inline constexpr std::size_t kContributorsMax = 32;
inline constexpr std::size_t kMetricsMax = 200;

/// Failed runs of a message, after which it is dead, where its handler does not say.
inline constexpr std::uint32_t kMessageAttempts = 20;

/// How the jobs of a queue are run.
struct QueueTerms {
  std::size_t at_once = 2;
  std::chrono::milliseconds timeout{60'000};
};

/// What leads into a plugin.
enum class EntryKind : std::uint8_t {
  Route,    ///< a URL
  Call,     ///< of a capability that it provides
  Ask,      ///< of a capability that it wants
  Event,    ///< of a capability that it wants, or a message of its own inbox
  Desk,     ///< work of the host's on its events and messages: nothing of the plugin's code
  Job,      ///< of a queue of its own
  JobDesk,  ///< work of the host's on its jobs
};

/// Which of a home's threads work on what came in: those of asks and events do nothing else, so
/// that these are answered whatever the requests do; nor does that of the desk, so that a handler
/// of messages which takes its time keeps no events from others; nor do those of jobs, which take
/// longer than anything else.
enum class EntryLane : std::uint8_t { Requests, Streams, Asides, Desk, Jobs };
inline constexpr std::size_t kEntryLanes = 5;

/// Where a request enters a plugin: a route, or something to which no URL leads.
struct RegisteredRoute {
  std::uint32_t number = 0;  ///< the plugin's own
  std::string path;  ///< full template: /api/<plugin>/v1/...; without a URL "payments/1/refund" or
                     ///< "voice/1/asks/tool_call"
  RouteContract contract;
  std::string capability{};  ///< of what no URL leads to: "payments/1"; empty for an own inbox
  std::string call{};        ///< and its name there, or that of the inbox
  EntryKind kind = EntryKind::Route;
  std::uint32_t attempts_max = kMessageAttempts;  ///< of a handler of messages, or a queue
  QueueTerms queue{};

  EntryLane lane() const noexcept {
    if (kind == EntryKind::Ask || kind == EntryKind::Event) return EntryLane::Asides;
    if (kind == EntryKind::Desk || kind == EntryKind::JobDesk) return EntryLane::Desk;
    if (kind == EntryKind::Job) return EntryLane::Jobs;
    return contract.streams() == RouteStreams::None ? EntryLane::Requests : EntryLane::Streams;
  }
  /// True when messages of that source and type come here.
  bool takes(std::string_view source, std::string_view type) const noexcept {
    if (kind != EntryKind::Event) return false;
    return capability.empty() ? call == source : capability == source && call == type;
  }
};

/// Routes that homes of one file have in common, one after the other: what an earlier one has
/// registered in the same words is not read and compiled again. Thread-safe.
class RouteMemory {
 public:
  using Make = std::function<RegisteredRoute()>;

  /// The route that was made of `words`, or what `make` gives. Throws what that throws.
  std::shared_ptr<const RegisteredRoute> get(const std::string& words, const Make& make);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const RegisteredRoute>> routes_;
};

/// What answers something to which no URL leads, as it is registered: `options` as register_call
/// has them. Throws Error (configuration, CALL_REFUSED).
RegisteredRoute insideEntry(EntryKind kind, std::uint32_t number, std::string_view capability,
                            std::string_view call, std::string_view options);
/// What handles an event, or the messages of an inbox, whose `capability` is empty; `options` as
/// register_listener has them. Throws Error (configuration, MESSAGES_REFUSED).
RegisteredRoute messageHandler(std::uint32_t number, std::string_view capability,
                               std::string_view name, std::string_view options);
/// Where the host works on the plugin's messages.
RegisteredRoute messageDesk(std::uint32_t number = 0);
/// [a-z][a-z0-9_-]{0,62}, as queues and schedules are named.
bool isQueueName(std::string_view name);
/// What does the jobs of a queue; `options` as register_queue has them. Throws Error
/// (configuration, QUEUE_REFUSED).
RegisteredRoute jobQueue(std::uint32_t number, std::string_view queue, std::string_view options);
/// Where the host works on the plugin's jobs.
RegisteredRoute jobDesk(std::uint32_t number = 0);

struct RegisteredContributor {
  std::uint32_t number = 0;
  std::string name;
  std::chrono::milliseconds interval{30'000};
  std::chrono::milliseconds timeout{1'000};
};

}  // namespace bulkhead::host
