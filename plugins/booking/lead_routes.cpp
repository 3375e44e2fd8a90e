#include "lead_routes.hpp"

#include <string>
#include <vector>

#include "body.hpp"
#include "exchange.hpp"
#include "lead_json.hpp"
#include "lead_store.hpp"
#include "listing.hpp"

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
    R"("status":{"type":"string","enum":["new","contacted","qualified","booked","lost"]},)"
    R"("source":{"type":"string","enum":["web","call","sms","import","google"]})";

const std::vector<Sort<Lead>>& sorts() {
  static const std::vector<Sort<Lead>> kSorts{
      {"id", "id", true, [](const Lead& lead) { return lead.id; }},
      {"name", "coalesce(name, '')", true, [](const Lead& lead) { return lead.name.value_or(""); }},
      {"created_at", "created_at", false,
       [](const Lead& lead) { return std::to_string(epochSeconds(lead.created_at)); }},
      {"updated_at", "updated_at", false,
       [](const Lead& lead) { return std::to_string(epochSeconds(lead.updated_at)); }}};
  return kSorts;
}

auto writer(const Lead& lead) {
  return [&lead](JsonWriter& out) { write(out, lead); };
}

Response answer(int status, const Lead& lead) {
  return versioned(status, lead.version, writer(lead));
}

Lead get(ReadTransaction& read, const Request& request) {
  auto found = LeadStore::find(read, request.tenant(), request.param("id"));
  if (!found) throw notFound("lead", request.param("id"));
  return std::move(*found);
}

}  // namespace

LeadRoutes::LeadRoutes(bulkhead::Registrar& host, Signatures& signatures)
    : host_{host.host()}, signatures_{signatures} {
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
              .summary = "Lists leads, by id unless sort says else",
              .query = listQuery(sorts(), kFilters),
              .response = pageSchema(recordSchema(leadProperties())),
              .errors = {"CURSOR_INVALID"}},
             [this](const Request& request, ReadTransaction& read) { return list(request, read); });
  host.route({.method = "GET",
              .path = "/leads/{id}",
              .scope = "booking:read",
              .summary = "Shows a lead",
              .response = recordSchema(leadProperties()),
              .errors = {"NOT_FOUND"}},
             [this](const Request& request, ReadTransaction& read) { return show(request, read); });
  host.route(
      {.method = "PUT",
       .path = "/leads/{id}",
       .scope = "booking:write",
       .summary = "Makes a lead with the client's id, or replaces it",
       .request = bodySchema(leadProperties()),
       .response = recordSchema(leadProperties()),
       .errors = {"INVALID_TIME_ZONE", "DUPLICATE", "VERSION_CONFLICT", "PRECONDITION_REQUIRED"},
       .example = kExample},
      [this](const Request& request, Transaction& write) { return put(request, write); });
  host.route({.method = "DELETE",
              .path = "/leads/{id}",
              .scope = "booking:write",
              .summary = "Deletes a lead that no appointment is for",
              .success = 204,
              .errors = {"NOT_FOUND", "LEAD_IN_USE", "VERSION_CONFLICT"},
              .if_match = true},
             [this](const Request& request, Transaction& write) { return remove(request, write); });
  host.route({.method = "PATCH",
              .path = "/leads/{id}",
              .scope = "booking:write",
              .summary = "Changes members of a lead",
              .request = bodySchema(leadProperties()),
              .response = recordSchema(leadProperties()),
              .errors = {"NOT_FOUND", "INVALID_TIME_ZONE", "DUPLICATE", "VERSION_CONFLICT"},
              .example = R"({"status":"contacted"})",
              .if_match = true},
             [this](const Request& request, Transaction& write) { return patch(request, write); });
}

Response LeadRoutes::upsert(const Request& request, Transaction& write) const {
  const auto body = bodyOf(request);
  const LeadChange change =
      planLead(write, request.tenant(), {host_.newId(), callerOf(request, host_).now},
               [&](Lead& lead) { fillFrom(body, lead); });
  LeadStore::write(write, request.tenant(), change);
  return answer(change.kind == LeadChange::Kind::Made ? 201 : 200, change.lead);
}

Response LeadRoutes::list(const Request& request, ReadTransaction& read) const {
  const Listing<Lead> listing{request, read, signatures_, sorts()};
  std::string phone;
  std::string email;
  LeadStore::Filter filter;
  if (const auto given = request.query("phone")) filter.phone = phone = normalisedPhone(*given);
  if (const auto given = request.query("email")) filter.email = email = normalisedEmail(*given);
  filter.status = request.query("status");
  filter.source = request.query("source");
  filter.updated_since = fromEpoch(queryInstant(request, "updated_since").value_or(0));
  return listing.page(LeadStore::list(read, request.tenant(), filter, listing.order()),
                      [](JsonWriter& out, const Lead& lead) { write(out, lead); });
}

Response LeadRoutes::show(const Request& request, ReadTransaction& read) const {
  return answer(200, get(read, request));
}

Response LeadRoutes::patch(const Request& request, Transaction& write) const {
  const Lead before = get(write, request);
  requireMatch(request, before.version, writer(before));
  Lead lead = before;
  fillFrom(bodyOf(request), lead);
  return replace(write, request, before, std::move(lead));
}

/// A repeat of the PUT that made the lead finds its content unchanged and needs no If-Match.
Response LeadRoutes::put(const Request& request, Transaction& write) const {
  Lead wanted;
  fillFrom(bodyOf(request), wanted);
  const auto existing = LeadStore::find(write, request.tenant(), request.param("id"));
  if (!existing) {
    wanted.id = clientMadeId(request.param("id"));
    wanted.check();
    requireUnique(write, request.tenant(), wanted);
    wanted.created_at = wanted.updated_at = callerOf(request, host_).now;
    LeadStore::insert(write, request.tenant(), wanted);
    return answer(201, wanted);
  }
  static_cast<Record&>(wanted) = static_cast<const Record&>(*existing);
  if (!request.header("if-match")) {
    if (wanted == *existing) return answer(200, *existing);
    throw bulkhead::Error::conflict(
        "PRECONDITION_REQUIRED",
        "That id exists with other content; send If-Match with its ETag to replace it.");
  }
  requireMatch(request, existing->version, writer(*existing));
  return replace(write, request, *existing, std::move(wanted));
}

Response LeadRoutes::replace(Transaction& write, const Request& request, const Lead& before,
                             Lead lead) const {
  if (lead == before) return answer(200, before);
  lead.check();
  requireUnique(write, request.tenant(), lead);
  ++lead.version;
  lead.updated_at = callerOf(request, host_).now;
  LeadStore::update(write, request.tenant(), lead);
  return answer(200, lead);
}

Response LeadRoutes::remove(const Request& request, Transaction& write) const {
  const Lead lead = get(write, request);
  requireMatch(request, lead.version, writer(lead));
  if (LeadStore::isReferenced(write, request.tenant(), lead.id)) {
    throw bulkhead::Error::conflict("LEAD_IN_USE",
                                    "Appointments refer to this lead; it is kept with them.");
  }
  LeadStore::erase(write, request.tenant(), lead.id);
  return Response::noContent();
}

}  // namespace booking
