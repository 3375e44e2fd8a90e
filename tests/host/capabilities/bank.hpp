#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <bulkhead/plugin.hpp>

#include "capabilities/capability_contract.hpp"
#include "capabilities/event_carrier.hpp"
#include "data/sqlite_store.hpp"
#include "host/runtime/silent_sinks.hpp"
#include "plugins/in_process_home.hpp"

namespace bulkhead::host::bank {

inline constexpr const char* kContracts = R"([{"capability":"bank/1","summary":"Takes deposits.",
  "events":{
    "deposited":{"summary":"Paid in.","payload":{"type":"object","required":["amount"],
      "properties":{"amount":{"type":"integer"},"then":{"type":"string","maxLength":20}}}},
    "closed":{"summary":"Closed.","payload":{"type":"object"}}}}])";

/// A clock that is moved by hand, beside the one that runs; what jumps is the wall clock alone.
class MovedClock final : public Clock {
 public:
  std::int64_t nowUs() const override { return system_.nowUs() + moved_us + jumped_us; }
  std::int64_t monotonicUs() const override { return system_.monotonicUs() + moved_us; }
  std::atomic<std::int64_t> moved_us{0};
  std::atomic<std::int64_t> jumped_us{0};

 private:
  SystemClock system_;
};

/// Who publishes.
class Teller final : public Plugin {
 public:
  explicit Teller(Registrar& registrar)
      : host{registrar.host()}, events{registrar.events("bank/1")} {
    last = this;
  }

  bool publish(std::string_view event, std::string_view payload, const EventDetails& details = {}) {
    return host.write(
        [&](Transaction& write) { return events.publish(write, event, payload, details); });
  }

  static Teller* last;
  const Host host;
  const EventSource events;
};
inline Teller* Teller::last = nullptr;

/// Who listens; also with an inbox of its own.
class Clerk final : public Plugin {
 public:
  explicit Clerk(Registrar& registrar)
      : host{registrar.host()}, inbox{registrar.inbox("slips", [this](const Message& message) {
          outside(message);
        })} {
    registrar.onEvent("bank/1", "deposited",
                      [this](const Message& message, Transaction& write) { take(message, write); },
                      {.attempts = 3});
    last = this;
  }

  void start() override {
    host.write([](Transaction& write) {
      write.send("CREATE TABLE IF NOT EXISTS entry (id TEXT NOT NULL, subject TEXT NOT NULL)",
                 values());
    });
  }

  void take(const Message& message, Transaction& write) {
    write.send("INSERT INTO entry (id, subject) VALUES ($1, $2)",
               values(message.id(), message.subject()));
    const std::string body{message.body()};
    if (body.find("never") != std::string::npos) throw Error::validation("NEVER", "Never.");
    if (body.find("later") != std::string::npos && message.attempt() < 2)
      throw std::runtime_error{"Later."};
  }
  void outside(const Message& message) {
    {
      const std::lock_guard lock{mutex_};
      outside_at_.push_back(std::chrono::steady_clock::now());
    }
    ++outside_runs;
    if (message.type() == "twice" && message.attempt() == 1) throw std::runtime_error{"Again."};
    host.write([&](Transaction& write) {
      write.send("INSERT INTO entry (id, subject) VALUES ($1, 'slip')", values(message.id()));
    });
  }

  std::vector<std::string> entries() {
    return host.read([](ReadTransaction& read) {
      return read.list("SELECT id FROM entry ORDER BY rowid", values(),
                       [](const Row& row) { return row.string(0); });
    });
  }

  /// When outside() was run.
  std::vector<std::chrono::steady_clock::time_point> outsideAt() {
    const std::lock_guard lock{mutex_};
    return outside_at_;
  }

  static Clerk* last;
  const Host host;
  const Inbox inbox;
  std::atomic<int> outside_runs{0};

 private:
  std::mutex mutex_;
  std::vector<std::chrono::steady_clock::time_point> outside_at_;
};
inline Clerk* Clerk::last = nullptr;

/// A plugin in this process, in its compartment, on a store that outlives it.
template <class Type>
class Lodger {
 public:
  Lodger(std::string id, PluginCapabilities capabilities, EventCarrier* carrier, Clock& clock)
      : id_{std::move(id)},
        capabilities_{std::move(capabilities)},
        carrier_{carrier},
        clock_{clock},
        store{data::openSqliteStore({.owner = id_, .closure_budget = std::chrono::seconds{10}})},
        compartment{std::make_shared<Compartment>(Compartment::Options{.id = id_})} {
    compartment->describe("1.0.0", "", "", capabilities_);
  }
  ~Lodger() { compartment->close(std::chrono::seconds{5}); }
  Lodger(const Lodger&) = delete;
  Lodger& operator=(const Lodger&) = delete;

  /// Throws what the plugin or the carrier refuses.
  void start() {
    HomeOptions options;
    options.plugin = id_;
    options.capabilities = capabilities_;
    options.events = eventContracts(capabilities_.contracts);
    auto plugin = std::make_unique<PluginHome>(
        bulkhead::detail::Door<Type>::table(), std::move(options),
        HomeServices{clock_, log_, metrics_, store.get(), nullptr, nullptr, nullptr, carrier_});
    home = std::make_shared<InProcessHome>(
        std::move(plugin), InProcessHome::Foundation{nullptr, store}, HomeLimits{}, kBodies);
    ASSERT_TRUE(compartment->create(home)) << compartment->status().reason;
    if (carrier_ != nullptr) carrier_->admit(compartment, *home);
    ASSERT_TRUE(compartment->start());
    if (carrier_ != nullptr) carrier_->ring(id_);
  }

 private:
  static constexpr BodyWork kBodies{
      [](HomeCall&) {}, [](const HttpRequest&, HttpResponse response) { return response; }};
  const std::string id_;
  const PluginCapabilities capabilities_;
  EventCarrier* const carrier_;
  Clock& clock_;
  SilentLog log_;
  SilentMetrics metrics_;

 public:
  std::shared_ptr<data::SqliteStore> store;
  std::shared_ptr<Compartment> compartment;
  std::shared_ptr<InProcessHome> home;
};

inline PluginCapabilities provided() {
  return {{"bank/1"}, {}, kContracts};
}
inline PluginCapabilities wanted() {
  return {{}, {{"bank/1", false}}, {}};
}

/// Waits until it is so, bounded.
inline bool await(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    // allowed: between two looks at the condition
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace bulkhead::host::bank
