#pragma once

#include "plugins/home_call.hpp"
#include "runtime/message.hpp"

namespace bulkhead::host {

/// Decodes the body of a call that came coded, unless its contract asks for what was sent. Throws
/// Error.
void decodeBody(HomeCall& call);

/// An answer as this client takes it: its preconditions, and the coding that it accepts.
HttpResponse finishBody(const HttpRequest& request, HttpResponse response);

/// Both, for the homes of plugins.
inline constexpr BodyWork kBodyWork{&decodeBody, &finishBody};

}  // namespace bulkhead::host
