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

namespace bulkhead::host {
namespace {

using Json = nlohmann::json;

constexpr const char* kScope = "admin";

std::optional<std::string> timestampOrNull(const std::optional<std::int64_t>& time_us) {
  if (!time_us) return std::nullopt;
  return timestampText(*time_us);
}

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

void writeTenant(JsonWriter& out, const Tenant& tenant) {
  out.object("id", tenant.id, "slug", tenant.slug, "name", tenant.name, "time_zone",
             tenant.time_zone, "status",
             tenant.status == TenantStatus::Active ? "active" : "suspended", "created",
             timestampText(tenant.created_us));
}

void writeKey(JsonWriter& out, const ApiKeyRecord& key, const std::string* text) {
  const auto writeTexts = [](const std::vector<std::string>& texts) {
    return [&texts](JsonWriter& list) {
      list.array(texts, [](JsonWriter& item, const std::string& value) { item.value(value); });
    };
  };
  out.beginObject();
  out.member("id", key.id);
  if (text != nullptr) out.member("key", *text);
  out.member("name", key.name);
  out.member("scopes", writeTexts(key.scopes));
  out.member("tenants", writeTexts(key.tenants));
  out.member("requests_per_minute", key.requests_per_minute);
  out.member("requests_per_hour", key.requests_per_hour);
  out.member("created", timestampText(key.created_us));
  out.member("expires", timestampOrNull(key.expires_us));
  out.member("last_used", timestampOrNull(key.last_used_us));
  out.member("revoked", timestampOrNull(key.revoked_us));
  out.endObject();
}

void writePlugin(JsonWriter& out, const PluginStatus& plugin) {
  out.object("id", plugin.id, "version", plugin.version, "state", nameOf(plugin.state), "reason",
             plugin.reason, "required", plugin.required, "file", plugin.file, "since",
             timestampText(plugin.since_us), "running", plugin.lane.running, "queued",
             plugin.lane.queued, "stuck", plugin.lane.stuck, "refused", plugin.lane.refused);
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
      {slug, textMember(body, "name", slug), textMember(body, "time_zone", "UTC")});
  return HttpResponse::json(201, toJson([&](JsonWriter& out) { writeTenant(out, tenant); }));
}

HttpResponse setTenantStatus(KeyStore& keys, const HttpRequest& request, TenantStatus status) {
  const Tenant tenant = keys.setTenantStatus(idOf(request), status);
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

NewApiKey wantedKey(const HttpRequest& request) {
  const Json body = bodyOf(request, {"name", "scopes", "tenants", "requests_per_minute",
                                     "requests_per_hour", "expires_in_days"});
  NewApiKey wanted{textMember(body, "name", {}),
                   textsMember(body, "scopes"),
                   textsMember(body, "tenants"),
                   integerMember(body, "requests_per_minute"),
                   integerMember(body, "requests_per_hour"),
                   std::nullopt};
  if (const auto days = integerMember(body, "expires_in_days")) {
    if (*days < 1 || *days > 3650) throw invalid("expires_in_days is between 1 and 3650.");
    wanted.expires_us = SystemClock{}.nowUs() + *days * 86'400'000'000;
  }
  return wanted;
}

HttpResponse createKey(KeyStore& keys, const std::vector<std::string>& known_scopes,
                       const HttpRequest& request) {
  const NewApiKey wanted = wantedKey(request);
  checkScopeNames(wanted.scopes, known_scopes);
  const CreatedApiKey created = keys.createKey(wanted);
  HttpResponse response = HttpResponse::json(
      201, toJson([&](JsonWriter& out) { writeKey(out, created.record, &created.text); }));
  response.addHeader("Cache-Control", "no-store");
  return response;
}

HttpResponse revokeKey(KeyStore& keys, const HttpRequest& request) {
  keys.revokeKey(idOf(request));
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
  return {method, path, HostAccess::Admin, kScope, AnsweredOn::AdminLane, std::move(answer), false};
}

HttpResponse onePlugin(const Supervisor& supervisor, const HttpRequest& request) {
  const auto compartment = supervisor.find(idOf(request));
  if (!compartment) throw Error::notFound("NOT_FOUND", "No plugin of that id is configured.");
  return HttpResponse::json(
      200, toJson([&](JsonWriter& out) { writePlugin(out, compartment->status()); }));
}

HttpResponse listPlugins(const Supervisor& supervisor) {
  return listAnswer(supervisor.compartments(),
                    [](JsonWriter& out, const std::shared_ptr<Compartment>& compartment) {
                      writePlugin(out, compartment->status());
                    });
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
      adminRoute("DELETE", "/api/admin/keys/{id}",
                 [&keys](const HttpRequest& request) { return revokeKey(keys, request); }),
  };
}

std::vector<HostRoute> pluginRoutes(const Supervisor& supervisor) {
  return {
      adminRoute("GET", "/api/admin/plugins",
                 [&supervisor](const HttpRequest&) { return listPlugins(supervisor); }),
      adminRoute(
          "GET", "/api/admin/plugins/{id}",
          [&supervisor](const HttpRequest& request) { return onePlugin(supervisor, request); }),
  };
}

}  // namespace bulkhead::host
