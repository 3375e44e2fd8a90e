#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <bulkhead/testing/fake_capabilities.hpp>
#include <bulkhead/testing/fake_wire.hpp>

namespace bulkhead::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A setting as a test gives it; text is converted as in conf/plugins.d.
struct SettingValue {
  // NOLINTBEGIN(google-explicit-constructor): tests write {{"max_length", 3}}
  SettingValue(const char* value) : text{value} {}
  SettingValue(std::string value) : text{std::move(value)} {}
  SettingValue(std::int64_t value) : text{std::to_string(value)} {}
  SettingValue(int value) : text{std::to_string(value)} {}
  SettingValue(bool value) : text{value ? "true" : "false"} {}
  // NOLINTEND(google-explicit-constructor)
  std::string text;
};

struct TestError {
  std::string code;
  std::string message;
  std::string details;  ///< JSON text; empty for none
};

struct TestResponse {
  int status = 0;  ///< 0 for a streamed answer that was broken off
  Headers headers;
  std::string body;

  /// Value of the header (any case), or empty.
  std::string header(std::string_view name) const;
  /// The `error` object of the body; empty members when there is none.
  TestError error() const;
};

/// An event that the plugin has published.
struct PublishedEvent {
  std::string event;
  std::string json;  ///< its payload
  std::string tenant;
  std::string subject;
  std::string key;  ///< empty when it was published without one
};

/// What an event of another plugin says beside its payload.
struct Delivery {
  std::string tenant = {};
  std::string subject = {};
  std::string id = {};  ///< the same id is the same event; empty: a new one
};

/// How the messages that were due have ended.
struct MessageRuns {
  std::size_t done = 0;
  std::size_t failed = 0;  ///< they come again, when the clock has moved
  std::size_t dead = 0;    ///< they do not
};

/// How the jobs that were due have ended.
struct JobRuns {
  std::size_t completed = 0;
  std::size_t failed = 0;  ///< they come again, when the clock has moved
  std::size_t dead = 0;    ///< they do not
  std::size_t cancelled = 0;
};

/// A job that is there, or was.
struct ShownJob {
  std::string id;
  std::string queue;
  std::string key;
  std::string tenant;
  std::string state;  ///< "scheduled", "available", "running", "retryable", "completed", ...
  std::string error;
  std::string progress;
  std::string schedule;
};

/// The real runtime in this process, on a store in memory, with a fake clock and a fake wire: a
/// plugin's tests enter by the same door as in production, in milliseconds, without a port. Every
/// write closure runs twice (the first time it is rolled back), so a closure whose effects are not
/// its statements fails here first. Requests carry the tenant "t1" and every scope unless told
/// otherwise. One thread at a time, except `send`, which any number of threads may call.
class TestHost {
 public:
  using Settings = std::initializer_list<std::pair<std::string, SettingValue>>;

  /// Loads `plugin`.so from BULKHEAD_PLUGIN_DIR (environment, else where the build put it), creates
  /// and starts it. Throws std::runtime_error with the reason when the host would refuse it.
  explicit TestHost(std::string_view plugin, Settings settings = {});
  ~TestHost();
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  TestResponse get(std::string_view target, const Headers& headers = {});
  /// A POST of JSON text; adds a fresh Idempotency-Key unless `headers` has one.
  TestResponse post(std::string_view target, std::string_view json, const Headers& headers = {});
  TestResponse put(std::string_view target, std::string_view json, const Headers& headers = {});
  TestResponse patch(std::string_view target, std::string_view json, const Headers& headers = {});
  TestResponse del(std::string_view target, const Headers& headers = {});
  TestResponse send(std::string_view method, std::string_view target, const Headers& headers,
                    std::string_view body);

  /// The tenant, scopes ("a b c") of the following requests; an empty tenant makes them anonymous.
  void actAs(std::string_view tenant, std::string_view scopes = "*");

  /// RFC 3339, UTC. The clock stands still until it is moved. It starts at 2026-01-05T08:00:00Z, a
  /// Monday.
  void setTime(std::string_view instant);
  void advance(std::chrono::microseconds by);

  /// The outside services of the plugin: what they answer, and what it sent them.
  FakeWire& wire();

  /// Destroys the plugin and starts it anew on the same store, as after the end of its process.
  void restart();
  /// The same with other settings.
  void restart(Settings settings);

  /// A call of what the plugin provides, as another plugin makes it for the tenant: its answer with
  /// status 200, or its refusal.
  TestResponse call(std::string_view capability, std::string_view call, std::string_view json);
  /// An ask that the plugin answers, as the one who provides the capability makes it for the
  /// tenant.
  TestResponse ask(std::string_view capability, std::string_view ask, std::string_view json);
  /// Who answers the plugin's own calls and asks.
  FakeCapabilities& capabilities();

  /// What the plugin has published of that capability, in order; all that has committed.
  std::vector<PublishedEvent> published(std::string_view capability);
  /// An event of a plugin that provides what this one wants: it is kept in the inbox, and handled
  /// by runMessages(). False when it was there before, by its id. Throws std::runtime_error when
  /// the plugin does not listen to it, or the contract does not allow it.
  bool deliver(std::string_view capability, std::string_view event, std::string_view json,
               const Delivery& delivery = {});
  /// Has every message handled that is due, in their order, also those that come meanwhile, one
  /// after the other.
  MessageRuns runMessages();

  /// Fires the schedules, and has every job done that is due, those of a queue in their order, also
  /// those that come meanwhile, one after the other; throws when they come without end.
  JobRuns runJobs();
  /// The jobs of a queue, the newest first.
  std::vector<ShownJob> jobs(std::string_view queue);
  /// As an operator does.
  void cancelJob(std::string_view id);

  /// The JSON object that the contributor `name` gives now.
  std::string health(std::string_view name);
  /// The log lines so far, one JSON object each.
  std::vector<std::string> log() const;

  class Implementation;

 private:
  friend class ScenarioRun;
  explicit TestHost(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace bulkhead::testing
