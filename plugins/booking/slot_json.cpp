#include "slot_json.hpp"

#include <map>

namespace booking {

using bulkhead::JsonWriter;

namespace {

std::string jsonOf(std::string_view text) {
  return bulkhead::toJson([&](JsonWriter& out) { out.value(text); });
}

}  // namespace

SlotView::SlotView(const Offer& offer, const SlotShape& shape, const SlotTokenWriter& tokens,
                   std::optional<std::string_view> chosen_zone)
    : offer_{offer}, shape_{shape}, tokens_{tokens} {
  for (const auto& candidate : offer.candidates) {
    zones_.push_back(Zone::get(chosen_zone.value_or(candidate.time_zone)));
    resources_.push_back(jsonOf(candidate.resource));
  }
  if (zones_.empty()) zones_.push_back(Zone::get(chosen_zone.value_or("UTC")));
  for (const auto& one : zones_) zone_names_.push_back(jsonOf(one.name()));
}

void SlotView::write(JsonWriter& out, const Slot& slot, std::optional<PartOfDay> part) {
  const std::size_t first = slot.resources.front();
  const std::int64_t start = epochSeconds(slot.start);
  const int offset_s = zones_[first].toLocal(slot.start).offset_s;
  text_.clear();
  text_.append(R"({"start":")").append(start_.at(start));
  text_.append(R"(Z","end":")").append(end_.at(start + shape_.duration.count()));
  text_.append(R"(Z","local_start":")").append(local_.minuteAt(start + offset_s));
  text_.append(R"(","offset":")").append(formatOffset(offset_s));
  text_.append(R"(","time_zone":)").append(zone_names_[first]);
  text_.append(R"(,"resources":[)");
  for (const std::uint32_t index : slot.resources) text_.append(resources_[index]).append(1, ',');
  text_.back() = ']';
  text_.append(R"(,"seats_left":1)");
  if (part) text_.append(R"(,"part_of_day":")").append(nameOf(*part)).append(1, '"');
  text_.append(R"(,"slot_token":")");
  tokens_.append(text_, slot.start);
  text_.append(R"("})");
  out.value(bulkhead::RawJson{text_});
}

void SlotView::writeAll(JsonWriter& out, const std::vector<Slot>& slots) {
  out.array(slots, [this](JsonWriter& one, const Slot& slot) { write(one, slot); });
}

void SlotView::writeByDay(JsonWriter& out, const std::vector<Slot>& slots) {
  std::map<cctz::civil_day, std::vector<const Slot*>> days;
  for (const auto& slot : slots) {
    const Zone& shown_in = zone(slot.resources.front());
    days[cctz::civil_day{shown_in.toLocal(slot.start).wall}].push_back(&slot);
  }
  out.array(days, [this](JsonWriter& one, const auto& day) {
    one.beginObject();
    one.member("date", formatDate(day.first));
    one.key("slots");
    one.array(day.second, [this](JsonWriter& item, const Slot* slot) { write(item, *slot); });
    one.endObject();
  });
}

void SlotView::write(JsonWriter& out, const SlotExplanation& explanation) const {
  out.key("refused");
  out.array(explanation.refused, [this](JsonWriter& one, const RefusedStarts& run) {
    one.object("first", formatInstant(run.first), "last", formatInstant(run.last), "local_first",
               localStart(run.first), "local_last", localStart(run.last), "starts", run.count,
               "reason", nameOf(run.reason));
  });
  out.key("closed");
  out.array(explanation.closed, [this](JsonWriter& one, const Interval& closed) {
    one.object("from", formatInstant(closed.begin), "to", formatInstant(closed.end), "local_from",
               localStart(closed.begin), "local_to", localStart(closed.end), "reason",
               nameOf(Refusal::OutsideHours));
  });
}

std::string slotSchema() {
  return R"({"type":"object","properties":{"start":{"type":"string"},"end":{"type":"string"},)"
         R"("local_start":{"type":"string"},"offset":{"type":"string"},"time_zone":{"type":"string"},)"
         R"("resources":{"type":"array","items":{"type":"string"}},"seats_left":{"type":"integer"},)"
         R"("slot_token":{"type":"string"},"part_of_day":{"enum":["morning","afternoon","evening"]}}})";
}

std::string explanationProperties() {
  constexpr std::string_view kReasons =
      R"("reason":{"enum":["SERVICE_INACTIVE","NO_RESOURCE","NOTICE_TOO_SHORT","BEYOND_HORIZON",)"
      R"("OUTSIDE_HOURS","BLOCKED_PERIOD","TIME_OFF","SLOT_TAKEN","DAILY_LIMIT",null]})";
  const std::string reason{kReasons};
  return R"("refused":{"type":"array","items":{"type":"object","properties":{)"
         R"("first":{"type":"string"},"last":{"type":"string"},"local_first":{"type":"string"},)"
         R"("local_last":{"type":"string"},"starts":{"type":"integer"},)" +
         reason +
         R"(}}},"closed":{"type":"array","items":{"type":"object","properties":{)"
         R"("from":{"type":"string"},"to":{"type":"string"},"local_from":{"type":"string"},)"
         R"("local_to":{"type":"string"},)" +
         reason +
         R"(}}},"chosen":{"type":"object","properties":{"start":{"type":"string"},)"
         R"("local_start":{"type":"string"},"bookable":{"type":"boolean"},"on_grid":{"type":"boolean"},)" +
         reason + R"(,"resources":{"type":"array","items":{"type":"object","properties":{)" +
         R"("resource":{"type":"string"},)" + reason + "}}}}}";
}

}  // namespace booking
