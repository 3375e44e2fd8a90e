#include "slot_routes.hpp"

#include <charconv>
#include <string>
#include <vector>

#include "exchange.hpp"
#include "record.hpp"
#include "slot_explanation.hpp"
#include "slot_json.hpp"
#include "slot_spread.hpp"

namespace booking {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;

constexpr seconds kDay{86400};
constexpr seconds kRangeMax = 62 * kDay;
constexpr int kLimitDefault = 500;
constexpr int kNextDefault = 3;
/// From the first free time on, how far and among how many the others are looked for.
constexpr seconds kNextWithin = 7 * kDay;
constexpr std::size_t kNextAmong = 500;

const std::string kChoice =
    R"("service":{"type":"string","maxLength":64},"resource":{"type":"string","maxLength":64},)"
    R"("location":{"type":"string","maxLength":64},"lead":{"type":"string","maxLength":64},)"
    R"("duration":{"type":"integer","minimum":1,"maximum":1440},)"
    R"("time_zone":{"type":"string","maxLength":64})";

const std::string kFindQuery =
    R"({"type":"object","required":["service"],"properties":{)" + kChoice +
    R"(,"from":{"type":"string","maxLength":40},"to":{"type":"string","maxLength":40},)"
    R"("limit":{"type":"integer","minimum":1,"maximum":5000},"group":{"enum":["day"]},)"
    R"("explain":{"type":"boolean"},"start":{"type":"string","maxLength":40}}})";

const std::string kNextQuery = R"({"type":"object","required":["service"],"properties":{)" +
                               kChoice +
                               R"(,"after":{"type":"string","maxLength":40},)"
                               R"("count":{"type":"integer","minimum":1,"maximum":20}}})";

std::string findResponse() {
  const std::string slots = R"("slots":{"type":"array","items":)" + slotSchema() + "}";
  return R"({"type":"object","properties":{)" + slots +
         R"(,"days":{"type":"array","items":{"type":"object","properties":{"date":{"type":"string"},)" +
         slots +
         R"(}}},"next_from":{"type":["string","null"]},)"
         R"("none_because":{"enum":["SERVICE_INACTIVE","NO_RESOURCE","NOTICE_TOO_SHORT","BEYOND_HORIZON","CLOSED_OR_TAKEN"]},)" +
         explanationProperties() + "}}";
}

std::optional<int> queryNumber(const Request& request, std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  int number = 0;
  std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

/// An instant, or the beginning of a date (with `days_later` the one after it) in `zone`.
Instant momentOf(const Request& request, std::string_view name, const Zone& zone, int days_later) {
  const auto text = request.query(name);
  if (!text) throw invalidField(name, "", "given, unless explain and start are");
  if (const auto date = parseDate(*text)) {
    return zone.toInstant(cctz::civil_second{*date + days_later});
  }
  return fromEpoch(queryInstant(request, name).value());
}

Interval rangeOf(const Request& request, const Zone& zone) {
  const auto chosen = queryInstant(request, "start");
  if (chosen && !request.query("from") && !request.query("to")) {
    return {fromEpoch(*chosen), fromEpoch(*chosen) + seconds{1}};
  }
  const Interval range{momentOf(request, "from", zone, 0), momentOf(request, "to", zone, 1)};
  if (range.end <= range.begin) throw invalidField("to", *request.query("to"), "later than from");
  if (range.end - range.begin > kRangeMax) {
    throw invalidField("to", *request.query("to"), "at most 62 days after from");
  }
  return range;
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

std::optional<std::string_view> shown(Refusal refusal) {
  if (refusal == Refusal::None) return std::nullopt;
  return nameOf(refusal);
}

/// Why nothing at all can be booked, whatever the time; None when that is not so.
Refusal whyNever(const Offer& offer) {
  if (!offer.service.active) return Refusal::ServiceInactive;
  return offer.candidates.empty() ? Refusal::NoResource : Refusal::None;
}

void writeChosen(JsonWriter& out, const SlotView& view, const Offer& offer,
                 const std::vector<Calendar>& calendars, const SlotFinder::Search& search,
                 Instant start) {
  const auto bounds = SlotFinder::bookable(offer, search.now);
  const Refusal never = whyNever(offer);
  const Refusal reason =
      never != Refusal::None ? never : explainStart(calendars, bounds, search.shape, start);
  bool on_grid = false;
  for (const auto& one : calendars) on_grid = on_grid || isOnGrid(one, search.shape, start);
  out.key("chosen");
  out.beginObject();
  out.member("start", formatInstant(start));
  out.member("local_start", view.localStart(start));
  out.member("bookable", reason == Refusal::None);
  out.member("on_grid", on_grid);
  out.member("reason", shown(reason));
  out.key("resources");
  out.beginArray();
  for (std::size_t i = 0; i < calendars.size(); ++i) {
    out.value([&](JsonWriter& one) {
      one.object("resource", offer.candidates[i].resource, "reason",
                 shown(explainStart({calendars[i]}, bounds, search.shape, start)));
    });
  }
  out.endArray();
  out.endObject();
}

}  // namespace

SlotRoutes::SlotRoutes(bulkhead::Registrar& host, SlotFinder& finder, Signatures& signatures)
    : host_{host.host()}, finder_{finder}, signatures_{signatures} {
  const std::string next_response =
      R"({"type":"object","properties":{"slots":{"type":"array","items":)" + slotSchema() + "}}}";
  host.route({.method = "GET",
              .path = "/slots",
              .scope = "booking:read",
              .summary = "Finds free times of a service, at most 62 days at once, and says why "
                         "others are not",
              .query = kFindQuery,
              .response = findResponse(),
              .errors = {"NOT_FOUND", "INVALID_TIME_ZONE"}},
             [this](const Request& request, ReadTransaction& read) { return find(request, read); });
  host.route({.method = "GET",
              .path = "/slots/next",
              .scope = "booking:read",
              .summary = "Finds the next few free times, spread over the parts of the day",
              .query = kNextQuery,
              .response = next_response,
              .errors = {"NOT_FOUND", "INVALID_TIME_ZONE"}},
             [this](const Request& request, ReadTransaction& read) { return next(request, read); });
}

Response SlotRoutes::find(const Request& request, ReadTransaction& read) const {
  const Offer offer = finder_.offer(
      read, request.tenant(),
      {*request.query("service"), request.query("resource"), request.query("location")});
  const SlotShape shape = offer.service.shape(queryNumber(request, "duration"));
  const Instant now = this->now();
  const SlotTokenWriter tokens =
      tokensFor(request, offer, shape, now, signatures_.slotTokens(read));
  SlotView view{offer, shape, tokens, request.query("time_zone")};
  const auto limit =
      static_cast<std::size_t>(queryNumber(request, "limit").value_or(kLimitDefault));
  const SlotFinder::Search search{shape, rangeOf(request, view.zone()),     limit + 1, now,
                                  {},    request.query("lead").value_or("")};
  auto slots = finder_.find(read, request.tenant(), offer, search);
  std::optional<std::string> next_from;
  if (slots.size() > limit) {
    next_from = formatInstant(slots.back().start);
    slots.pop_back();
  }
  const bool explains = request.query("explain") == "true";
  std::vector<Calendar> calendars;
  if (explains) calendars = finder_.calendars(read, request.tenant(), offer, search);
  const auto bounds = SlotFinder::bookable(offer, now);
  return Response::json([&](JsonWriter& out) {
    out.beginObject();
    if (request.query("group")) {
      out.key("days");
      view.writeByDay(out, slots);
    } else {
      out.key("slots");
      view.writeAll(out, slots);
    }
    out.member("next_from", next_from);
    if (slots.empty()) out.member("none_because", whyNone(offer, search.range, bounds));
    if (explains) view.write(out, explainSlots(calendars, bounds, search));
    if (const auto start = queryInstant(request, "start"); start && explains) {
      writeChosen(out, view, offer, calendars, search, fromEpoch(*start));
    }
    out.endObject();
  });
}

Response SlotRoutes::next(const Request& request, ReadTransaction& read) const {
  const Offer offer = finder_.offer(
      read, request.tenant(),
      {*request.query("service"), request.query("resource"), request.query("location")});
  const SlotShape shape = offer.service.shape(queryNumber(request, "duration"));
  const Instant now = this->now();
  const SlotTokenWriter tokens =
      tokensFor(request, offer, shape, now, signatures_.slotTokens(read));
  SlotView view{offer, shape, tokens, request.query("time_zone")};
  SlotFinder::Search search{shape, {now, SlotFinder::bookable(offer, now).latest + seconds{1}},
                            1,     now,
                            {},    request.query("lead").value_or("")};
  if (request.query("after")) search.range.begin = momentOf(request, "after", view.zone(), 0);
  auto slots = finder_.find(read, request.tenant(), offer, search);
  if (!slots.empty()) {
    search.range = {slots.front().start, slots.front().start + kNextWithin};
    search.limit = kNextAmong;
    const auto count = queryNumber(request, "count").value_or(kNextDefault);
    slots = spread(finder_.find(read, request.tenant(), offer, search),
                   static_cast<std::size_t>(count), view.zone());
  }
  return Response::json([&](JsonWriter& out) {
    out.beginObject();
    out.key("slots");
    out.array(slots, [&](JsonWriter& one, const Slot& slot) {
      view.write(one, slot, partOfDay(slot.start, view.zone()));
    });
    out.endObject();
  });
}

}  // namespace booking
