#include "app/admin_routes.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

#include "app/installed_plugins.hpp"
#include "plugins/strict_json.hpp"
#include "runtime/services.hpp"
#include "runtime/timestamp.hpp"
#include "security/administration.hpp"
#include "security/key_documents.hpp"

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr const char* kScope = "admin";
constexpr std::int64_t kOverlapSecondsMax = 7'776'000;

Error invalid(std::string_view message) {
  return Error::validation("VALIDATION_ERROR", message);
}

/// The body as an object that has no members but `known`, and none of them twice.
Json bodyOf(const HttpRequest& request, const std::set<std::string, std::less<>>& known) {
  Json body;
  try {
    body = parseStrictJson(request.body);
  } catch (const Error& error) {
    throw invalid(fmt::format("The body {}.", error.message()));
  }
  if (!body.is_object()) throw invalid("The body is not a JSON object.");
  for (const auto& [name, value] : body.items()) {
    if (known.contains(name)) continue;
    throw invalid(
        fmt::format("There is no member '{}'; known are {}.", name, fmt::join(known, ", ")));
  }
  return body;
}

/// The member, or null when it is missing.
const Json& memberOf(const Json& body, const char* name) {
  static const Json kNull;
  const auto found = body.find(name);
  return found == body.end() ? kNull : *found;
}

std::string textMember(const Json& body, const char* name, const std::string& fallback) {
  const Json& value = memberOf(body, name);
  if (value.is_null()) return fallback;
  if (!value.is_string()) throw invalid(fmt::format("The member '{}' is a text.", name));
  return value.get<std::string>();
}

std::vector<std::string> textsMember(const Json& body, const char* name) {
  const Json& value = memberOf(body, name);
  if (value.is_null()) return {};
  const bool texts = value.is_array() && std::all_of(value.begin(), value.end(),
                                                     [](const Json& v) { return v.is_string(); });
  if (!texts) throw invalid(fmt::format("The member '{}' is a list of texts.", name));
  return value.get<std::vector<std::string>>();
}

std::optional<std::int64_t> integerMember(const Json& body, const char* name) {
  const Json& value = memberOf(body, name);
  if (value.is_null()) return std::nullopt;
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() ||
                     value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max());
  if (!fits) throw invalid(fmt::format("The member '{}' is a whole number.", name));
  return value.get<std::int64_t>();
}

const std::string& idOf(const HttpRequest& request) {
  return request.path_parameters.at(0).second;
}

auto namesOf(const std::vector<std::string>& names) {
  return [&names](JsonWriter& out) {
    out.array(names, [](JsonWriter& item, const std::string& name) { item.value(name); });
  };
}

void writePlugin(JsonWriter& out, const PluginFacts& facts) {
  const PluginStatus& plugin = facts.status;
  const HomeLoad& load = plugin.load;
  out.object(
      "id", plugin.id, "version", plugin.version, "state", nameOf(plugin.state), "reason",
      plugin.reason, "required", plugin.required, "file", plugin.file, "since",
      timestampText(plugin.since_us), "running", load.lane.running, "queued", load.lane.queued,
      "stuck", load.lane.stuck, "asks_running", load.asides.running, "asks_stuck",
      load.asides.stuck, "refused", load.lane.refused + load.streams.refused + load.asides.refused,
      "streams", load.streams.running, "isolation", plugin.worker ? "worker" : "inprocess",
      "generation", plugin.generation, "restarts", plugin.restarts, "recycles", plugin.recycles,
      "impairment", plugin.impairment, "circuit", nameOf(plugin.circuit.state), "circuit_opens",
      plugin.circuit.opens, "waiting", plugin.parked, "active", plugin.active(), "memory_bytes",
      facts.memory_bytes, "p50_ms", facts.p50_ms, "p99_ms", facts.p99_ms, "configured",
      facts.configured, "capabilities_lost", namesOf(facts.capabilities_lost),
      "capabilities_missed", namesOf(facts.capabilities_missed));
}

template <class Items, class Write>
HttpResponse listAnswer(const Items& items, const Write& write) {
  return HttpResponse::json(200, toJson([&](JsonWriter& out) {
                              out.object("data",
                                         [&](JsonWriter& data) { data.array(items, write); });
                            }));
}

HttpResponse createTenant(KeyStore& keys, const HttpRequest& request) {
  const Json body = bodyOf(request, {"slug", "name", "time_zone"});
  const std::string slug = textMember(body, "slug", {});
  const Tenant tenant = keys.createTenant(
      {slug, textMember(body, "name", slug), textMember(body, "time_zone", "UTC")},
      administratorOf(request));
  return HttpResponse::json(201, toJson([&](JsonWriter& out) { writeTenant(out, tenant); }));
}

HttpResponse setTenantStatus(KeyStore& keys, const HttpRequest& request, TenantStatus status) {
  const Tenant tenant = keys.setTenantStatus(idOf(request), status, administratorOf(request));
  return HttpResponse::json(200, toJson([&](JsonWriter& out) { writeTenant(out, tenant); }));
}

void checkScopeNames(const std::vector<std::string>& scopes,
                     const std::vector<std::string>& known) {
  for (const auto& scope : scopes) {
    const std::string nearest = nearestScope(scope, known);
    if (nearest.empty()) continue;
    throw invalid(fmt::format("No plugin has the scope '{}'; did you mean '{}'?", scope, nearest));
  }
}

/// The moment that "expires_in_days" means.
std::optional<std::int64_t> expiryMember(const Json& body) {
  const auto days = integerMember(body, "expires_in_days");
  if (!days) return std::nullopt;
  if (*days < 1 || *days > 3650) throw invalid("expires_in_days is between 1 and 3650.");
  return SystemClock{}.nowUs() + *days * 86'400'000'000;
}

NewApiKey wantedKey(const HttpRequest& request) {
  const Json body = bodyOf(request, {"name", "scopes", "tenants", "requests_per_minute",
                                     "requests_per_hour", "expires_in_days"});
  NewApiKey wanted{textMember(body, "name", {}),
                   textsMember(body, "scopes"),
                   textsMember(body, "tenants"),
                   integerMember(body, "requests_per_minute"),
                   integerMember(body, "requests_per_hour"),
                   std::nullopt};
  wanted.expires_us = expiryMember(body);
  return wanted;
}

KeyRotation wantedRotation(const HttpRequest& request) {
  KeyRotation rotation;
  if (request.body.empty()) return rotation;
  const Json body = bodyOf(request, {"overlap_seconds", "expires_in_days"});
  if (const auto seconds = integerMember(body, "overlap_seconds")) {
    if (*seconds < 0 || *seconds > kOverlapSecondsMax)
      throw invalid("overlap_seconds is between 0 and 7776000, which is 90 days.");
    rotation.overlap = std::chrono::seconds{*seconds};
  }
  rotation.expires_us = expiryMember(body);
  return rotation;
}

/// The one answer that holds a key: nobody on its way may keep it.
HttpResponse keyAnswer(const CreatedApiKey& created) {
  HttpResponse response = HttpResponse::json(
      201, toJson([&](JsonWriter& out) { writeKey(out, created.record, &created.text); }));
  response.addHeader("Cache-Control", "no-store");
  return response;
}

HttpResponse createKey(KeyStore& keys, const std::vector<std::string>& known_scopes,
                       const HttpRequest& request) {
  const NewApiKey wanted = wantedKey(request);
  checkScopeNames(wanted.scopes, known_scopes);
  return keyAnswer(keys.createKey(wanted, administratorOf(request)));
}

HttpResponse rotateKey(KeyStore& keys, const HttpRequest& request) {
  return keyAnswer(
      keys.rotateKey(idOf(request), wantedRotation(request), administratorOf(request)));
}

HttpResponse revokeKey(KeyStore& keys, const HttpRequest& request) {
  keys.revokeKey(idOf(request), administratorOf(request));
  HttpResponse response;
  response.status = 204;
  return response;
}

HttpResponse listKeys(KeyStore& keys) {
  return listAnswer(keys.listKeys(),
                    [](JsonWriter& out, const ApiKeyRecord& key) { writeKey(out, key, nullptr); });
}

HostRoute adminRoute(const char* method, const char* path,
                     std::function<HttpResponse(const HttpRequest&)> answer) {
  return {method, path, HostAccess::Admin, kScope, AnsweredOn::AdminLane, std::move(answer),
          false,  true};
}

HttpResponse onePlugin(const PluginFactSources& sources, const HttpRequest& request) {
  const auto facts = factsOf(sources, idOf(request));
  if (!facts) throw Error::notFound("NOT_FOUND", "No plugin of that id is configured.");
  return HttpResponse::json(200, toJson([&](JsonWriter& out) { writePlugin(out, *facts); }));
}

}  // namespace

std::vector<HostRoute> keyRoutes(KeyStore& keys,
                                 std::function<std::vector<std::string>()> known_scopes) {
  const auto setStatus = [&keys](TenantStatus status) {
    return [&keys, status](const HttpRequest& request) {
      return setTenantStatus(keys, request, status);
    };
  };
  return {
      adminRoute(
          "GET", "/api/admin/tenants",
          [&keys](const HttpRequest&) { return listAnswer(keys.listTenants(), writeTenant); }),
      adminRoute("POST", "/api/admin/tenants",
                 [&keys](const HttpRequest& request) { return createTenant(keys, request); }),
      adminRoute("POST", "/api/admin/tenants/{tenant}/suspend", setStatus(TenantStatus::Suspended)),
      adminRoute("POST", "/api/admin/tenants/{tenant}/resume", setStatus(TenantStatus::Active)),
      adminRoute("GET", "/api/admin/keys", [&keys](const HttpRequest&) { return listKeys(keys); }),
      adminRoute("POST", "/api/admin/keys",
                 [&keys, known_scopes = std::move(known_scopes)](const HttpRequest& request) {
                   return createKey(keys, known_scopes(), request);
                 }),
      adminRoute("POST", "/api/admin/keys/{id}/rotate",
                 [&keys](const HttpRequest& request) { return rotateKey(keys, request); }),
      adminRoute("DELETE", "/api/admin/keys/{id}",
                 [&keys](const HttpRequest& request) { return revokeKey(keys, request); }),
  };
}

std::vector<HostRoute> pluginRoutes(const PluginFactSources& sources) {
  return {
      adminRoute(
          "GET", "/api/admin/plugins",
          [sources](const HttpRequest&) { return listAnswer(factsOfAll(sources), writePlugin); }),
      adminRoute("GET", "/api/admin/plugins/{id}",
                 [sources](const HttpRequest& request) { return onePlugin(sources, request); }),
  };
}

}  // namespace bulkhead::host
