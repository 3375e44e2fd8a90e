#include "lead_json.hpp"

#include "body.hpp"

namespace booking {

std::string_view leadProperties() {
  return R"("name":{"type":["string","null"],"maxLength":200},)"
         R"("phone":{"type":["string","null"],"maxLength":32},)"
         R"("email":{"type":["string","null"],"maxLength":254},)"
         R"("time_zone":{"type":["string","null"],"maxLength":64},)"
         R"("language":{"type":["string","null"],"maxLength":35},)"
         R"("source":{"enum":["web","call","sms","import","google"]},)"
         R"("status":{"enum":["new","contacted","qualified","booked","lost"]},)"
         R"("notes":{"type":"string","maxLength":4000})";
}

void fillFrom(const nlohmann::json& body, Lead& lead) {
  take(body, "name", lead.name);
  take(body, "phone", lead.phone);
  take(body, "email", lead.email);
  if (body.contains("phone") && lead.phone) lead.phone = normalisedPhone(*lead.phone);
  if (body.contains("email") && lead.email) lead.email = normalisedEmail(*lead.email);
  take(body, "time_zone", lead.time_zone);
  take(body, "language", lead.language);
  take(body, "source", lead.source);
  take(body, "status", lead.status);
  take(body, "notes", lead.notes);
}

void write(bulkhead::JsonWriter& out, const Lead& lead) {
  out.object("id", lead.id, "name", lead.name, "phone", lead.phone, "email", lead.email,
             "time_zone", lead.time_zone, "language", lead.language, "source", lead.source,
             "status", lead.status, "notes", lead.notes, "version", lead.version, "created_at",
             formatInstant(lead.created_at), "updated_at", formatInstant(lead.updated_at));
}

}  // namespace booking
