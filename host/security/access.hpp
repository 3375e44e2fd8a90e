#pragma once

#include <string>
#include <string_view>

#include <bulkhead/error.hpp>

#include "runtime/message.hpp"

namespace bulkhead::host {

/// Who may come in. There is no default: every route says it.
enum class Access { Public, Key, Session, Admin };

/// Throws AUTHENTICATION_ERROR (401) for somebody unknown, AUTHORIZATION_ERROR (403), which names
/// the scope, for somebody who lacks it. Access that is not Public needs a scope, and Admin needs
/// "admin" beside it, of a key that is bound to no tenant; a route that names no scope lets nobody
/// in.
void authorize(const Principal& principal, Access access, std::string_view scope);

/// Throws TENANT_REQUIRED (400) when the credential does not say whose data is meant.
void requireTenant(const Principal& principal);

/// The WWW-Authenticate header that belongs to a refusal (RFC 6750 §3); empty for other errors.
std::string challengeFor(const Error& error);

}  // namespace bulkhead::host
