#pragma once

#include <map>
#include <string>

#include "runtime/message.hpp"
#include "runtime/registration.hpp"

namespace bulkhead::host {

/// What of a plugin a trial can ask for by a contract. Message: what handles events, or messages of
/// the plugin's own.
enum class TrialEntry { Route, Call, Message, None };
TrialEntry entryOf(const RegisteredRoute& route);

/// A request to a route, or to a call of a capability, made of nothing but what the contract says:
/// its example, or a sample of its schemas. `known` gives the values of parameters by their names,
/// as far as anybody knows some. With a fresh Idempotency-Key where the route takes one.
HttpRequest trialRequest(const RegisteredRoute& route,
                         const std::map<std::string, std::string>& known = {});
/// The same with that key.
void setIdempotencyKey(HttpRequest& request, const std::string& key);

/// The route that makes what the first parameter of `path` names: POST to what stands before it.
/// Empty when there is no parameter.
std::string collectionOf(const std::string& path);

}  // namespace bulkhead::host
