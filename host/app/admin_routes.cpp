#include "app/admin_routes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include <bulkhead/error.hpp>
#include <bulkhead/json_writer.hpp>

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

/// The body as an object that has no members but `known`.
Json bodyOf(const HttpRequest& request, const std::set<std::string, std::less<>>& known) {
  Json body = Json::parse(request.body, nullptr, false);
  if (!body.is_object()) throw Error::validation("VALIDATION_ERROR", "The body is a JSON object.");
  for (const auto& [name, value] : body.items()) {
    if (!known.contains(name)) {
      throw Error::validation(
          "VALIDATION_ERROR",
          fmt::format("There is no member '{}'; known are {}.", name, fmt::join(known, ", ")));
    }
  }
  return body;
}

template <class Value>
Value member(const Json& body, const char* name, Value fallback) {
  const auto found = body.find(name);
  if (found == body.end() || found->is_null()) return fallback;
  try {
    return found->get<Value>();
  } catch (const Json::exception&) {
    throw Error::validation("VALIDATION_ERROR",
                            fmt::format("The member '{}' has another type.", name));
  }
}

std::optional<std::int64_t> optionalInteger(const Json& body, const char* name) {
  if (!body.contains(name) || body[name].is_null()) return std::nullopt;
  return member(body, name, std::int64_t{0});
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
  const std::string slug = member(body, "slug", std::string{});
  const Tenant tenant = keys.createTenant(
      {slug, member(body, "name", slug), member(body, "time_zone", std::string{"UTC"})});
  return HttpResponse::json(201, toJson([&](JsonWriter& out) { writeTenant(out, tenant); }));
}

HttpResponse createKey(KeyStore& keys, const HttpRequest& request) {
  const Json body = bodyOf(request, {"name", "scopes", "tenants", "requests_per_minute",
                                     "requests_per_hour", "expires_in_days"});
  NewApiKey wanted{member(body, "name", std::string{}),
                   member(body, "scopes", std::vector<std::string>{}),
                   member(body, "tenants", std::vector<std::string>{}),
                   optionalInteger(body, "requests_per_minute"),
                   optionalInteger(body, "requests_per_hour"),
                   std::nullopt};
  if (const auto days = optionalInteger(body, "expires_in_days")) {
    if (*days < 1 || *days > 3650)
      throw Error::validation("VALIDATION_ERROR", "expires_in_days is between 1 and 3650.");
    wanted.expires_us = SystemClock{}.nowUs() + *days * 86'400'000'000;
  }
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
  return {method, path, HostAccess::Key, kScope, AnsweredOn::Lane, std::move(answer)};
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

std::vector<HostRoute> keyRoutes(KeyStore& keys) {
  return {
      adminRoute(
          "GET", "/api/admin/tenants",
          [&keys](const HttpRequest&) { return listAnswer(keys.listTenants(), writeTenant); }),
      adminRoute("POST", "/api/admin/tenants",
                 [&keys](const HttpRequest& request) { return createTenant(keys, request); }),
      adminRoute("GET", "/api/admin/keys", [&keys](const HttpRequest&) { return listKeys(keys); }),
      adminRoute("POST", "/api/admin/keys",
                 [&keys](const HttpRequest& request) { return createKey(keys, request); }),
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
