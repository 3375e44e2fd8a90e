#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/store.hpp"
#include "plugins/embedded_migrations.hpp"
#include "plugins/home_settings.hpp"
#include "plugins/manifest.hpp"
#include "runtime/plugin_home.hpp"

namespace bulkhead::host {

/// What a trial knows of the plugin that it is about.
struct TrialSubject {
  Manifest manifest;
  std::vector<EmbeddedMigration> migrations{};
  std::string contracts{};  ///< of capabilities that it brings; a JSON array, or empty
  HomeSettings settings{};
};

/// A sample of each call's and ask's "request" or "response", or of each event's "payload"
/// ("payments/1/refund", "voice/1/asks/tool_call", "payments/1/events/payment_succeeded": JSON
/// text), by the host's contracts and those that the plugin brings.
std::map<std::string, std::string> callSamples(const std::string& contracts, const char* side);

/// The contents of one table: how many rows, and a number that is another when any of them is.
struct TableFacts {
  std::int64_t rows = 0;
  std::size_t digest = 0;
  bool operator==(const TableFacts&) const = default;
};
using StoreFacts = std::map<std::string, TableFacts>;

/// What a plugin has kept for itself.
struct KeptMessage {
  std::string type;
  std::string body;
};

/// The world of one home on trial: an empty store in memory, providers of capabilities that answer
/// samples of their contracts, and outside services that answer 200 with an empty object.
class TrialWorld {
 public:
  /// The subject is borrowed.
  explicit TrialWorld(const TrialSubject& subject);
  ~TrialWorld();
  TrialWorld(const TrialWorld&) = delete;
  TrialWorld& operator=(const TrialWorld&) = delete;

  HomeServices services();
  /// Brings the store to the schema of the plugin's code. Throws Error.
  void migrate();
  /// The tables of the plugin; none without a store.
  StoreFacts facts();
  /// What came last into an inbox of the plugin's own.
  std::optional<KeptMessage> lastMessage(const std::string& inbox);

 private:
  class Providers;
  class Outside;
  class Silence;

  const TrialSubject& subject_;
  std::unique_ptr<Providers> providers_;
  std::unique_ptr<Outside> outside_;
  std::unique_ptr<Silence> silence_;
  SystemClock clock_;
  std::unique_ptr<data::Store> store_;
};

/// A plugin in a home in this process, in such a world.
class TrialHome {
 public:
  /// All borrowed. Creates the plugin; throws Error when that is refused.
  TrialHome(const bulkhead_plugin& table, const TrialSubject& subject, TrialWorld& world);

  void start() { home_.start(); }
  HttpResponse send(const RegisteredRoute& route, HttpRequest request);
  /// The contributor's object, as text. Throws Error.
  std::string checkHealth(const RegisteredContributor& contributor);
  PluginHome& home() { return home_; }
  const PluginHome& home() const { return home_; }

 private:
  PluginHome home_;
};

/// Longest time of one call.
inline constexpr std::chrono::seconds kTrialDeadline{2};

}  // namespace bulkhead::host
