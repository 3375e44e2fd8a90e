#include "security/key_documents.hpp"

#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/timestamp.hpp"

namespace bulkhead::host {
namespace {

std::optional<std::string> timestampOrNull(const std::optional<std::int64_t>& time_us) {
  if (!time_us) return std::nullopt;
  return timestampText(*time_us);
}

}  // namespace

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
  out.member("rotated_from",
             key.rotated_from.empty() ? std::nullopt : std::optional{key.rotated_from});
  out.endObject();
}

}  // namespace bulkhead::host
