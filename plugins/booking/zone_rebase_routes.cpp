#include "zone_rebase_routes.hpp"

#include <string>

#include "body.hpp"
#include "cursor.hpp"
#include "exchange.hpp"
#include "zone_rebase.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;
using nlohmann::json;

constexpr std::string_view kRequest =
    R"({"type":"object","additionalProperties":false,"properties":{"dry_run":{"type":"boolean"},)"
    R"("cursor":{"type":"string","maxLength":300}}})";

constexpr std::string_view kResponse =
    R"({"type":"object","properties":{"dry_run":{"type":"boolean"},"tzdata_version":{"type":"string"},)"
    R"("policy":{"enum":["keep_wall","keep_instant"]},"examined":{"type":"integer"},)"
    R"("moves":{"type":"array","items":{"type":"object","properties":{)"
    R"("appointment":{"type":"string"},"version":{"type":"integer"},"resource":{"type":"string"},)"
    R"("time_zone":{"type":"string"},"made_with":{"type":"string"},)"
    R"("start":{"type":"string"},"new_start":{"type":"string"},)"
    R"("local_start":{"type":"string"},"new_local_start":{"type":"string"},)"
    R"("applied":{"type":"boolean"},"refused":{"enum":["SLOT_TAKEN",null]}}}},)"
    R"("next_cursor":{"type":["string","null"]}}})";

void write(JsonWriter& out, const ZoneMove& move) {
  std::optional<std::string_view> refused;
  if (move.taken) refused = "SLOT_TAKEN";
  const Appointment& after = move.after;
  out.object("appointment", after.id, "version", move.applied ? after.version : move.before.version,
             "resource", after.resource, "time_zone", after.time_zone, "made_with",
             move.before.tzdata_version, "start", formatInstant(move.before.visit.begin),
             "new_start", formatInstant(after.visit.begin), "local_start", move.before.local_start,
             "new_local_start", after.local_start, "applied", move.applied, "refused", refused);
}

}  // namespace

ZoneRebaseRoutes::ZoneRebaseRoutes(bulkhead::Registrar& host, const SlotFinder& finder,
                                   AppointmentDesk& desk, Signatures& signatures)
    : host_{host.host()}, finder_{finder}, desk_{desk}, signatures_{signatures} {
  host.route({.method = "POST",
              .path = "/tz-rebase",
              .scope = "booking:configure",
              .summary = "Lists future appointments whose instant the loaded zone data moves, and "
                         "with dry_run false applies the tenant's policy to them",
              .request = kRequest,
              .response = kResponse,
              .errors = {"CURSOR_INVALID"},
              .example = R"({"dry_run":true})",
              .idempotency = bulkhead::Idempotency::Required},
             [this](const Request& request, Transaction& write) { return rebase(request, write); });
}

Response ZoneRebaseRoutes::rebase(const Request& request, Transaction& transaction) const {
  const json body = bodyOf(request);
  const Caller caller = callerOf(request, host_);
  const std::string list = std::string{caller.tenant} + " tz-rebase";
  const KeyedHash& key = signatures_.cursorKey(transaction);
  std::optional<ListPosition> after;
  if (const auto cursor = body.find("cursor"); cursor != body.end()) {
    after = openCursor(key, list, cursor->get<std::string>());
  }
  const bool dry_run = body.value("dry_run", true);
  const bool keeps_instant = finder_.rules(transaction, caller.tenant).keeps_instant;
  const auto examined = upcoming(transaction, caller, std::move(after));
  auto moves = movesOf(examined, keeps_instant);
  if (!dry_run) applyMoves(transaction, caller, desk_, moves);
  std::optional<std::string> next;
  if (examined.size() == kExaminedMax) {
    const Appointment& last = examined.back();
    next = sealCursor(key, list, {std::to_string(epochSeconds(last.visit.begin)), last.id});
  }
  return Response::json([&](JsonWriter& out) {
    out.beginObject();
    out.member("dry_run", dry_run);
    out.member("tzdata_version", tzdataVersion());
    out.member("policy", keeps_instant ? "keep_instant" : "keep_wall");
    out.member("examined", examined.size());
    out.key("moves");
    out.array(moves, [](JsonWriter& one, const ZoneMove& move) { write(one, move); });
    out.member("next_cursor", next);
    out.endObject();
  });
}

}  // namespace booking
