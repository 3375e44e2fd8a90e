// A plugin in C++ that uses everything of the SDK, so that its side of each member of the waist is
// run where plugins live.
#include <bulkhead/plugin.hpp>

#include "chores.hpp"
#include "messages.hpp"
#include "outside.hpp"
#include "pieces.hpp"
#include "settings.hpp"  // generated from plugin.json
#include "shown.hpp"
#include "stored.hpp"
#include "watched_waist.hpp"

namespace sdk_conformance {
namespace {

using bulkhead::Access;
using bulkhead::Context;
using bulkhead::Health;
using bulkhead::HealthStatus;
using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;

class SdkPlugin final : public bulkhead::Plugin {
 public:
  explicit SdkPlugin(bulkhead::Registrar& host)
      : settings_{host.settings<Settings>()},
        host_{host.host()},
        shown_{host},
        stored_{host},
        pieces_{host},
        messages_{host},
        chores_{host},
        outside_{host} {
    host_.info("life: created");
    registerHealth(host);
    host.route({.method = "GET",
                .path = "/settings",
                .summary = "Shows the settings",
                .access = Access::Public,
                .response = R"({"type":"object"})"},
               [this](const Request&) { return showSettings(); });
    host.route({.method = "GET",
                .path = "/called",
                .summary = "Shows which functions of the waist were called",
                .access = Access::Public,
                .response = R"({"type":"object"})"},
               [](const Request&) { return showCalled(); });
  }
  ~SdkPlugin() override { host_.info("life: destroyed"); }

  void start() override {
    host_.write([](bulkhead::Transaction& write) {
      write.send("INSERT OR IGNORE INTO note VALUES ($1, $2, NULL, NULL, NULL)",
                 bulkhead::values("made at the start", 1));
    });
    host_.info("life: started");
  }
  void stop() override { host_.info("life: stopped"); }

 private:
  void registerHealth(bulkhead::Registrar& host) const {
    const auto schedule =
        bulkhead::HealthSchedule{std::chrono::milliseconds{100}, std::chrono::seconds{2}};
    host.health(
        "well",
        [](const Context& context) {
          const bool in_time = context.remaining() > std::chrono::microseconds{0};
          return Health{.status = in_time ? HealthStatus::Healthy : HealthStatus::Critical,
                        .configured = true};
        },
        schedule);
    host.health(
        "slow",
        [](const Context&) {
          return Health{.status = HealthStatus::Degraded, .message = "It is slow."};
        },
        schedule);
    host.health(
        "throws",
        [](const Context&) -> Health {
          throw bulkhead::Error::externalService("VENDOR_AWAY", "The vendor is away.");
        },
        schedule);
  }

  Response showSettings() const {
    return Response::json([&](JsonWriter& out) {
      out.object("given_text", settings_.given_text, "unset_text", settings_.unset_text,
                 "given_integer", settings_.given_integer, "given_number", settings_.given_number,
                 "given_boolean", settings_.given_boolean, "duration_ms",
                 settings_.duration.count(), "choice", settings_.choice, "has_secret",
                 !settings_.secret.empty());
    });
  }

  static Response showCalled() {
    return Response::json([](JsonWriter& out) {
      out.object("called", [](JsonWriter& list) {
        list.array(calledMembers(),
                   [](JsonWriter& item, const std::string& name) { item.value(name); });
      });
    });
  }

  const Settings settings_;
  const bulkhead::Host host_;
  const Shown shown_;
  const Stored stored_;
  const Pieces pieces_;
  const Messages messages_;
  const Chores chores_;
  const Outside outside_;
};

}  // namespace
}  // namespace sdk_conformance

extern "C" BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1() {
  using sdk_conformance::SdkPlugin;
  return &sdk_conformance::watched(bulkhead::detail::Door<SdkPlugin>::table());
}
