#include "security/access.hpp"

#include <fmt/format.h>

namespace bulkhead::host {
namespace {

Error unknownCaller() {
  return Error::authentication("AUTHENTICATION_ERROR",
                               "Send an API key in X-API-Key, or as Authorization: Bearer.");
}

Error lacking(std::string_view scope) {
  return Error::authorization("AUTHORIZATION_ERROR",
                              fmt::format("This needs the scope '{}'.", scope));
}

void requireAdministrator(const Principal& principal) {
  if (!principal.authenticated) throw unknownCaller();
  if (principal.bound_to_tenants) {
    throw Error::authorization("AUTHORIZATION_ERROR",
                               "This is for keys that are bound to no tenant.");
  }
  if (!principal.has("admin")) throw lacking("admin");
}

}  // namespace

void authorize(const Principal& principal, Access access, std::string_view scope) {
  switch (access) {
    case Access::Public:
      return;
    case Access::Key:
      break;
    case Access::Admin:
      requireAdministrator(principal);
      break;
    case Access::Session:
      throw unknownCaller();
  }
  if (!principal.authenticated) throw unknownCaller();
  if (scope.empty() || !principal.has(scope)) throw lacking(scope);
}

void requireTenant(const Principal& principal) {
  if (!principal.tenant.empty()) return;
  throw Error::validation("TENANT_REQUIRED", "Name the tenant in X-Tenant-Id.");
}

std::string challengeFor(const Error& error) {
  if (error.kind() != ErrorKind::Authentication) return {};
  return R"(Bearer realm="bulkhead")";
}

}  // namespace bulkhead::host
