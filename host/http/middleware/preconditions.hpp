#pragma once

#include "runtime/message.hpp"

namespace bulkhead::host {

/// Answers a conditional GET or HEAD: a 200 with an ETag or Last-Modified becomes 304 where
/// If-None-Match (weak comparison, lists, "*"; before If-Modified-Since) or If-Modified-Since says
/// that the client has it, and 412 where If-Match (strong comparison) asks for another one (RFC
/// 9110 §13). Of a 304 the validators and what caches need stays. Tags are compared without the
/// codings that chooseCoding() writes into them.
void applyPreconditions(const HttpRequest& request, HttpResponse& response);

}  // namespace bulkhead::host
