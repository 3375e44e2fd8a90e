#pragma once

#include <optional>
#include <string_view>

#include <bulkhead/error.hpp>

#include "http/parser.hpp"

namespace bulkhead::host {

/// True for `host [":" port]` without user information: a name, an IPv4 or a bracketed IPv6
/// literal.
bool isHost(std::string_view value);

/// Reads Host, Content-Length, Transfer-Encoding, Connection, Upgrade and Expect of a parsed head
/// into `framing`, whose `http_1_0` is set already (RFC 9112 §3.2, §6, §9.3; RFC 9110 §7.8,
/// §10.1.1).
/// Returns why the request is refused, or nothing.
std::optional<Error> readFraming(const HttpRequest& request, Framing& framing);

}  // namespace bulkhead::host
