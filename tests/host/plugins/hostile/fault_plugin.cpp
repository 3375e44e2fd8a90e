#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <bulkhead/plugin.hpp>

namespace hostile {

enum class Fault {
  None,
  CreateThrows,
  CreateThrowsInt,
  CreateAborts,
  CreateSegfaults,
  CreateHangs,
  CreateExits,
  CreateWritesFile,
  ConstructorThrows,
  ConstructorHangs,
  ConstructorExits,
  DestroyAborts,
  StartThrows,
  StartHangs,
  HandlerThrows,
  HandlerThrowsInt,
  HandlerHangs,
  HandlerSegfaults,
  HandlerDereferencesNull,
  HandlerOverflowsStack,
  HandlerTerminates,
  HandlerThreadThrows,
  HandlerWaits,
  StopHangs,
  RouteTwice,
  RouteOfGreeter,
};

constexpr Fault kFault = Fault::HOSTILE_FAULT;

[[noreturn]] void hang() {
  while (true) pause();
}

void writeFile() {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) return;
  std::fputs("a plugin touches nothing while it is created", file);
  std::fclose(file);
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

/// Does what the plugin is for when its turn has come.
void act(Fault turn) {
  if (kFault != turn) return;
  switch (turn) {
    case Fault::CreateThrows:
    case Fault::ConstructorThrows:
    case Fault::StartThrows:
    case Fault::HandlerThrows:
      throw std::runtime_error{"thrown on purpose"};
    case Fault::CreateThrowsInt:
    case Fault::HandlerThrowsInt:
      throw 42;
    case Fault::CreateAborts:
    case Fault::DestroyAborts:
      std::abort();
    case Fault::CreateSegfaults:
    case Fault::HandlerSegfaults:
      std::raise(SIGSEGV);
      break;
    case Fault::CreateHangs:
    case Fault::ConstructorHangs:
    case Fault::StartHangs:
    case Fault::HandlerHangs:
      hang();
    case Fault::CreateExits:
    case Fault::ConstructorExits:
      std::_Exit(0);
    case Fault::CreateWritesFile:
      writeFile();
      break;
    case Fault::HandlerDereferencesNull:
      dereferenceNull();
      break;
    case Fault::HandlerOverflowsStack:
      overflowStack(0);
      break;
    case Fault::HandlerTerminates:
      throwWhereNothingMay();
      break;
    case Fault::HandlerThreadThrows:
      std::thread{[] { throw std::runtime_error{"thrown by a thread of the plugin"}; }}.detach();
      break;
    case Fault::StopHangs:
      hang();
    case Fault::HandlerWaits:
      sleep(1);
      break;
    case Fault::RouteTwice:
    case Fault::RouteOfGreeter:
    case Fault::None:
      break;
  }
}

/// A global object with a constructor: what a plugin must not have when it can fail.
struct Early {
  Early() {
    act(Fault::ConstructorThrows);
    act(Fault::ConstructorHangs);
    act(Fault::ConstructorExits);
  }
};
const Early early;

class FaultPlugin final : public bulkhead::Plugin {
 public:
  explicit FaultPlugin(bulkhead::Registrar& host) {
    for (const Fault turn :
         {Fault::CreateThrows, Fault::CreateThrowsInt, Fault::CreateAborts, Fault::CreateSegfaults,
          Fault::CreateHangs, Fault::CreateExits, Fault::CreateWritesFile}) {
      act(turn);
    }
    addRoute(host);
    if (kFault == Fault::RouteTwice) addRoute(host);
  }
  ~FaultPlugin() override { act(Fault::DestroyAborts); }

  void start() override {
    act(Fault::StartThrows);
    act(Fault::StartHangs);
  }
  void stop() override { act(Fault::StopHangs); }

 private:
  static void addRoute(bulkhead::Registrar& host) {
    host.route({.method = "GET",
                .path = kFault == Fault::RouteOfGreeter ? "/api/greeter/v1/hello/{name}" : "/fault",
                .scope = "hostile:read",
                .summary = "Misbehaves",
                .response = R"({"type":"object","properties":{"ok":{"type":"boolean"}}})"},
               [](const bulkhead::Request&) {
                 act(Fault::HandlerThrows);
                 act(Fault::HandlerThrowsInt);
                 act(Fault::HandlerHangs);
                 act(Fault::HandlerSegfaults);
                 act(Fault::HandlerDereferencesNull);
                 act(Fault::HandlerOverflowsStack);
                 act(Fault::HandlerTerminates);
                 act(Fault::HandlerThreadThrows);
                 act(Fault::HandlerWaits);
                 return bulkhead::Response::json(
                     [](bulkhead::JsonWriter& out) { out.object("ok", true); });
               });
  }
};

}  // namespace hostile

BULKHEAD_PLUGIN(hostile::FaultPlugin)
