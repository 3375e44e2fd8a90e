#include "slot_routes.hpp"

#include <charconv>
#include <string>
#include <vector>

#include "appointment_desk.hpp"
#include "exchange.hpp"
#include "record.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;

constexpr seconds kRangeMax{62 * 86400};
constexpr int kLimitDefault = 500;

constexpr std::string_view kQuery =
    R"({"type":"object","required":["service","from","to"],"properties":{)"
    R"("service":{"type":"string","maxLength":64},"from":{"type":"string","maxLength":40},)"
    R"("to":{"type":"string","maxLength":40},"resource":{"type":"string","maxLength":64},)"
    R"("location":{"type":"string","maxLength":64},)"
    R"("duration":{"type":"integer","minimum":1,"maximum":1440},)"
    R"("time_zone":{"type":"string","maxLength":64},)"
    R"("limit":{"type":"integer","minimum":1,"maximum":5000}}})";

constexpr std::string_view kResponse =
    R"({"type":"object","properties":{"slots":{"type":"array","items":{"type":"object","properties":{)"
    R"("start":{"type":"string"},"end":{"type":"string"},"local_start":{"type":"string"},)"
    R"("offset":{"type":"string"},"time_zone":{"type":"string"},)"
    R"("resources":{"type":"array","items":{"type":"string"}},"slot_token":{"type":"string"}}}},)"
    R"("next_from":{"type":["string","null"]},)"
    R"("none_because":{"enum":["SERVICE_INACTIVE","NO_RESOURCE","NOTICE_TOO_SHORT","BEYOND_HORIZON","CLOSED_OR_TAKEN"]}}})";

std::optional<int> queryNumber(const Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  int number = 0;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

Interval rangeOf(const Request& request) {
  const Interval range{fromEpoch(queryInstant(request, "from").value()),
                       fromEpoch(queryInstant(request, "to").value())};
  if (range.end <= range.begin) throw invalidField("to", *request.query("to"), "later than from");
  if (range.end - range.begin > kRangeMax) {
    throw invalidField("to", *request.query("to"), "at most 62 days after from");
  }
  return range;
}

/// The zones that slots are shown in: the caller's, else each candidate's own.
std::vector<Zone> zonesOf(const Request& request, const Offer& offer) {
  std::vector<Zone> zones;
  const auto chosen = request.query("time_zone");
  for (const auto& candidate : offer.candidates) {
    zones.push_back(Zone::get(chosen.value_or(candidate.time_zone)));
  }
  if (chosen && zones.empty()) Zone::get(*chosen);
  return zones;
}

std::string_view whyNone(const Offer& offer, const Interval& range,
                         const SlotFinder::Bookable& bounds) {
  if (!offer.service.active) return "SERVICE_INACTIVE";
  if (offer.candidates.empty()) return "NO_RESOURCE";
  if (range.end <= bounds.earliest) return "NOTICE_TOO_SHORT";
  if (range.begin > bounds.latest) return "BEYOND_HORIZON";
  return "CLOSED_OR_TAKEN";
}

SlotTokenWriter tokensFor(const Request& request, const Offer& offer, const SlotShape& shape,
                          Instant now, const SlotTokens& tokens) {
  SlotClaim claim;
  claim.service = offer.service.id;
  claim.resource = request.query("resource").value_or("");
  claim.location = request.query("location").value_or("");
  claim.duration = shape.duration;
  return tokens.writer(request.tenant(), claim, now);
}

void writeSlot(JsonWriter& out, const Slot& slot, const SlotShape& shape, const Offer& offer,
               const std::vector<Zone>& zones, const SlotTokenWriter& tokens) {
  out.beginObject();
  writeVisit(out, shape.visit(slot.start), zones[slot.resources.front()]);
  out.key("resources");
  out.array(slot.resources, [&](JsonWriter& one, std::size_t index) {
    one.value(offer.candidates[index].resource);
  });
  out.member("slot_token", tokens.token(slot.start));
  out.endObject();
}

}  // namespace

SlotRoutes::SlotRoutes(bulkhead::Registrar& host, SlotFinder& finder, Signatures& signatures)
    : host_{host.host()}, finder_{finder}, signatures_{signatures} {
  host.route({.method = "GET",
              .path = "/slots",
              .scope = "booking:read",
              .summary = "Finds free times of a service, at most 62 days at once",
              .query = kQuery,
              .response = kResponse,
              .errors = {"NOT_FOUND", "INVALID_TIME_ZONE"}},
             [this](const Request& request, ReadTransaction& read) { return find(request, read); });
}

Response SlotRoutes::find(const Request& request, ReadTransaction& read) const {
  const Interval range = rangeOf(request);
  const Offer offer = finder_.offer(
      read, request.tenant(),
      {*request.query("service"), request.query("resource"), request.query("location")});
  const std::vector<Zone> zones = zonesOf(request, offer);
  const SlotShape shape = offer.service.shape(queryNumber(request, "duration"));
  const auto limit =
      static_cast<std::size_t>(queryNumber(request, "limit").value_or(kLimitDefault));
  const Instant now = std::chrono::floor<seconds>(host_.now());
  auto slots = finder_.find(read, request.tenant(), offer, {shape, range, limit + 1, now});
  const SlotTokenWriter tokens =
      tokensFor(request, offer, shape, now, signatures_.slotTokens(read));
  std::optional<std::string> next_from;
  if (slots.size() > limit) {
    next_from = formatInstant(slots.back().start);
    slots.pop_back();
  }
  return Response::json([&](JsonWriter& out) {
    out.beginObject();
    out.key("slots");
    out.array(slots, [&](JsonWriter& one, const Slot& slot) {
      writeSlot(one, slot, shape, offer, zones, tokens);
    });
    out.member("next_from", next_from);
    if (slots.empty()) {
      out.member("none_because", whyNone(offer, range, finder_.bookable(offer.service, now)));
    }
    out.endObject();
  });
}

}  // namespace booking
