#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unistd.h>

#include <bulkhead/plugin.hpp>

#include "hostile_name.h"

namespace hostile {

[[noreturn]] void hang() {
  while (true) pause();
}

void dereferenceNull() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}

int overflowStack(int depth) {
  static volatile bool deeper = true;
  if (!deeper) return depth;
  volatile char page[4096] = {};
  page[0] = static_cast<char>(depth);
  return overflowStack(depth + 1) + page[0];
}

void throwOnPurpose() {
  throw std::runtime_error{"thrown where nothing may be thrown"};
}
void throwWhereNothingMay() noexcept {
  throwOnPurpose();
}

/// Does what the plugin is for when its turn has come: its name is the turn and the deed, like
/// "create-throws".
void act(std::string_view turn) {
  const std::string_view name{hostile_name};
  if (!name.starts_with(turn)) return;
  const std::string_view deed = name.substr(turn.size());
  if (deed == "-throws") throw std::runtime_error{"thrown on purpose"};
  if (deed == "-throws-int") throw 42;
  if (deed == "-blames-vendor")
    throw bulkhead::Error::externalService("VENDOR_FAILED", "The vendor does not answer.");
  if (deed == "-aborts") std::abort();
  if (deed == "-segfaults") std::raise(SIGSEGV);
  if (deed == "-hangs") hang();
  if (deed == "-exits") std::_Exit(0);
  if (deed == "-waits") sleep(1);
  if (deed == "-dereferences-null") dereferenceNull();
  if (deed == "-overflows-stack") overflowStack(0);
  if (deed == "-terminates") throwWhereNothingMay();
  if (deed == "-thread-throws")
    std::thread{[] { throw std::runtime_error{"thrown by a thread of the plugin"}; }}.detach();
}

bool isNamed(std::string_view name) {
  return name == hostile_name;
}

/// A global object with a constructor: what a plugin must not have when it can fail.
struct Early {
  Early() { act("constructor"); }
};
const Early early;

class FaultPlugin final : public bulkhead::Plugin {
 public:
  explicit FaultPlugin(bulkhead::Registrar& host) {
    act("create");
    addRoute(host);
    if (isNamed("route-twice")) addRoute(host);
    if (std::string_view{hostile_name}.starts_with("health")) addHealth(host);
  }
  ~FaultPlugin() override { act("destroy"); }

  void start() override { act("start"); }
  void stop() override { act("stop"); }

 private:
  static void addRoute(bulkhead::Registrar& host) {
    const bool wants_anothers = isNamed("greeter-rival") || isNamed("greeter-thief");
    host.route({.method = "GET",
                .path = wants_anothers ? "/api/greeter/v1/hello/{name}" : "/fault",
                .scope = "hostile:read",
                .summary = "Misbehaves",
                .response = R"({"type":"object","properties":{"ok":{"type":"boolean"}}})"},
               [](const bulkhead::Request&) {
                 act("handler");
                 auto response = bulkhead::Response::json(
                     [](bulkhead::JsonWriter& out) { out.object("ok", true); });
                 if (isNamed("handler-splits-header"))
                   response.withHeader("X-Fault", "a\r\nX-Injected: 1");
                 return response;
               });
  }

  static void addHealth(bulkhead::Registrar& host) {
    host.health("fault", [](const bulkhead::Context&) {
      act("health");
      return bulkhead::Health{};
    });
  }
};

}  // namespace hostile

BULKHEAD_PLUGIN(hostile::FaultPlugin)
