#include "tenant_routes.hpp"

#include <string>

#include "exchange.hpp"
#include "record.hpp"
#include "record_json.hpp"
#include "tenant_store.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

std::string tenantSchema() {
  return R"({"type":"object","properties":{"id":{"type":"string"},)" + fieldSchemas<Tenant>() +
         R"(,"effective":{"type":"object","properties":{)"
         R"("default_notice_min":{"type":"integer"},"horizon_days":{"type":"integer"},)"
         R"("cancel_window_min":{"type":"integer"},"no_show_grace_min":{"type":"integer"},)"
         R"("hold_min":{"type":"integer"},"booking_policy":{"enum":["auto","confirm"]},)"
         R"("tz_change_policy":{"enum":["keep_wall","keep_instant"]}}},)"
         R"("tzdata_version":{"type":"string"},"version":{"type":"integer"},)"
         R"("updated_at":{"type":["string","null"]}}})";
}

void writeRules(JsonWriter& out, const BookingRules& rules) {
  out.object("default_notice_min", rules.notice_min, "horizon_days", rules.horizon_days,
             "cancel_window_min", rules.cancel_window_min, "no_show_grace_min",
             rules.no_show_grace_min, "hold_min", rules.hold_min, "booking_policy",
             rules.requires_confirmation ? "confirm" : "auto", "tz_change_policy",
             rules.keeps_instant ? "keep_instant" : "keep_wall");
}

void write(JsonWriter& out, std::string_view id, const Tenant& tenant, const BookingRules& rules) {
  out.beginObject();
  out.member("id", id);
  writeFields(out, tenant);
  out.key("effective");
  writeRules(out, rules);
  out.member("tzdata_version", tzdataVersion());
  out.member("version", tenant.version);
  std::optional<std::string> updated_at;
  if (tenant.version > 0) updated_at = formatInstant(tenant.updated_at);
  out.member("updated_at", updated_at);
  out.endObject();
}

}  // namespace

TenantRoutes::TenantRoutes(bulkhead::Registrar& host, const SlotFinder& finder)
    : host_{host.host()}, finder_{finder} {
  host.route({.method = "GET",
              .path = "/tenant",
              .scope = "booking:read",
              .summary = "Shows what the tenant has said of itself, and the rules that follow",
              .response = tenantSchema()},
             [this](const Request& request, ReadTransaction& read) { return show(request, read); });
  host.route({.method = "PATCH",
              .path = "/tenant",
              .scope = "booking:configure",
              .summary = "Changes what the tenant says of itself; null goes back to the default",
              .request = bodySchema(fieldSchemas<Tenant>()),
              .response = tenantSchema(),
              .errors = {"VERSION_CONFLICT", "INVALID_TIME_ZONE"},
              .example = R"({"time_zone":"America/New_York","booking_policy":"confirm"})",
              .if_match = true},
             [this](const Request& request, Transaction& write) { return patch(request, write); });
}

Response TenantRoutes::show(const Request& request, ReadTransaction& read) const {
  const Tenant tenant = TenantStore::get(read, request.tenant());
  return versioned(200, tenant.version, [&](JsonWriter& out) {
    write(out, request.tenant(), tenant, tenant.over(finder_.defaults()));
  });
}

Response TenantRoutes::patch(const Request& request, Transaction& transaction) const {
  Tenant tenant = TenantStore::get(transaction, request.tenant());
  const auto writer = [&](JsonWriter& out) {
    write(out, request.tenant(), tenant, tenant.over(finder_.defaults()));
  };
  requireMatch(request, tenant.version, writer);
  fillFields(bodyOf(request), tenant);
  tenant.check();
  ++tenant.version;
  tenant.updated_at = std::chrono::floor<seconds>(host_.now());
  TenantStore::put(transaction, request.tenant(), tenant);
  return versioned(200, tenant.version, writer);
}

}  // namespace booking
