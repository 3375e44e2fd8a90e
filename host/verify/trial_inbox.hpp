#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "runtime/message.hpp"
#include "runtime/registration.hpp"
#include "verify/trial_home.hpp"

namespace bulkhead::host {

/// The messages that wait for one handler of a plugin on trial: events as their contract has them,
/// or what the plugin keeps for itself when its routes are asked; where none of them does, empty
/// JSON objects.
class TrialInbox {
 public:
  /// `payloads` are those of callSamples(). Asks the home's routes.
  TrialInbox(TrialHome& home, TrialWorld& world, const RegisteredRoute& handler,
             const std::map<std::string, std::string>& payloads);

  /// Another one is there, the `number`th: the request that has it handled.
  HttpRequest keep(TrialHome& home, std::size_t number) const;
  /// Has it handled, whenever it would be due: 200 when it is done with, else the error that it
  /// waits with. One that is dead is replayed, so that it waits, too.
  HttpResponse handle(TrialHome& home, const RegisteredRoute& handler,
                      const HttpRequest& request) const;

 private:
  const std::string source_;
  KeptMessage message_;
};

}  // namespace bulkhead::host
