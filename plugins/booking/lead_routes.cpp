#include "lead_routes.hpp"

#include <string>

#include "body.hpp"
#include "exchange.hpp"
#include "lead_store.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

constexpr std::string_view kExample = R"({"name":"Ann","phone":"+12025550123"})";

constexpr std::string_view kFilters =
    R"("phone":{"type":"string","maxLength":32},"email":{"type":"string","maxLength":254},)"
    R"("status":{"type":"string","enum":["new","contacted","qualified","booked","lost"]})";

void write(JsonWriter& out, const Lead& lead) {
  out.object("id", lead.id, "name", lead.name, "phone", lead.phone, "email", lead.email,
             "time_zone", lead.time_zone, "language", lead.language, "source", lead.source,
             "status", lead.status, "notes", lead.notes, "version", lead.version, "created_at",
             formatInstant(lead.created_at), "updated_at", formatInstant(lead.updated_at));
}

Response answer(int status, const Lead& lead) {
  return versioned(status, lead.version, [&](JsonWriter& out) { write(out, lead); });
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

Lead get(ReadTransaction& read, const Request& request) {
  auto found = LeadStore::find(read, request.tenant(), request.param("id"));
  if (!found) throw notFound("lead", request.param("id"));
  return std::move(*found);
}

}  // namespace

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

UpsertedLead upsertLead(Transaction& write, const Caller& caller, const nlohmann::json& body,
                        const bulkhead::Host& host) {
  Lead wanted;
  fillFrom(body, wanted);
  wanted.check();
  auto known = findSame(write, caller.tenant, wanted);
  if (!known) {
    wanted.id = host.newId();
    wanted.created_at = wanted.updated_at = caller.now;
    LeadStore::insert(write, caller.tenant, wanted);
    return {wanted, true};
  }
  Lead changed = *known;
  fillFrom(body, changed);
  if (changed == *known) return {changed, false};
  ++changed.version;
  changed.updated_at = caller.now;
  LeadStore::update(write, caller.tenant, changed);
  return {changed, false};
}

LeadRoutes::LeadRoutes(bulkhead::Registrar& host) : host_{host.host()} {
  host.route({.method = "POST",
              .path = "/leads",
              .scope = "booking:write",
              .summary = "Makes a lead, or changes the one with that phone or e-mail address",
              .request = bodySchema(leadProperties()),
              .response = recordSchema(leadProperties()),
              .success = 201,
              .errors = {"INVALID_TIME_ZONE", "DUPLICATE"},
              .example = kExample,
              .idempotency = bulkhead::Idempotency::Required},
             [this](const Request& request, Transaction& write) { return upsert(request, write); });
  host.route({.method = "GET",
              .path = "/leads",
              .scope = "booking:read",
              .summary = "Lists leads",
              .query = pageQuery(kFilters),
              .response = pageSchema(recordSchema(leadProperties()))},
             [this](const Request& request, ReadTransaction& read) { return list(request, read); });
  host.route({.method = "GET",
              .path = "/leads/{id}",
              .scope = "booking:read",
              .summary = "Shows a lead",
              .response = recordSchema(leadProperties()),
              .errors = {"NOT_FOUND"}},
             [this](const Request& request, ReadTransaction& read) { return show(request, read); });
  host.route({.method = "PATCH",
              .path = "/leads/{id}",
              .scope = "booking:write",
              .summary = "Changes members of a lead",
              .request = bodySchema(leadProperties()),
              .response = recordSchema(leadProperties()),
              .errors = {"NOT_FOUND", "INVALID_TIME_ZONE", "DUPLICATE", "VERSION_CONFLICT"},
              .if_match = true},
             [this](const Request& request, Transaction& write) { return patch(request, write); });
}

Response LeadRoutes::upsert(const Request& request, Transaction& write) const {
  const auto [lead, is_new] = upsertLead(write, callerOf(request, host_), bodyOf(request), host_);
  return answer(is_new ? 201 : 200, lead);
}

Response LeadRoutes::list(const Request& request, ReadTransaction& read) const {
  const std::size_t limit = pageLimit(request);
  std::string phone;
  std::string email;
  LeadStore::Filter filter;
  if (const auto given = request.query("phone")) filter.phone = phone = normalisedPhone(*given);
  if (const auto given = request.query("email")) filter.email = email = normalisedEmail(*given);
  filter.status = request.query("status");
  filter.after = request.query("cursor").value_or("");
  filter.limit = limit + 1;
  return page(LeadStore::list(read, request.tenant(), filter), limit, write,
              [](const Lead& last) { return last.id; });
}

Response LeadRoutes::show(const Request& request, ReadTransaction& read) const {
  return answer(200, get(read, request));
}

Response LeadRoutes::patch(const Request& request, Transaction& write) const {
  Lead lead = get(write, request);
  requireMatch(request, lead.version, [&](JsonWriter& out) { booking::write(out, lead); });
  fillFrom(bodyOf(request), lead);
  lead.check();
  const auto same = findSame(write, request.tenant(), lead);
  if (same && same->id != lead.id) {
    throw bulkhead::Error::conflict("DUPLICATE",
                                    "Another lead has that phone or email: \"" + same->id + "\".");
  }
  ++lead.version;
  lead.updated_at = callerOf(request, host_).now;
  LeadStore::update(write, request.tenant(), lead);
  return answer(200, lead);
}

Caller callerOf(const Request& request, const bulkhead::Host& host) {
  return {request.tenant(), request.keyId(), request.requestId(),
          std::chrono::floor<seconds>(host.now())};
}

}  // namespace booking
