#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <bulkhead/json_writer.hpp>

#include "clock_text.hpp"
#include "slot_explanation.hpp"
#include "slot_finder.hpp"
#include "slot_spread.hpp"
#include "slot_token.hpp"

namespace booking {

/// Writes the slots of one offer: in the caller's zone, else in that of the resource. There may be
/// thousands, so what they share is made into text once. Borrows the offer and the tokens' writer.
class SlotView {
 public:
  /// Throws INVALID_TIME_ZONE for a chosen zone that is none.
  SlotView(const Offer& offer, const SlotShape& shape, const SlotTokenWriter& tokens,
           std::optional<std::string_view> chosen_zone);

  void write(bulkhead::JsonWriter& out, const Slot& slot,
             std::optional<PartOfDay> part = std::nullopt);
  /// [slot, ...].
  void writeAll(bulkhead::JsonWriter& out, const std::vector<Slot>& slots);
  /// [{"date":...,"slots":[...]}, ...] by local date.
  void writeByDay(bulkhead::JsonWriter& out, const std::vector<Slot>& slots);
  /// The members `refused` and `closed`.
  void write(bulkhead::JsonWriter& out, const SlotExplanation& explanation) const;

  /// The zone of the candidate; without candidates the chosen one, or UTC.
  const Zone& zone(std::size_t candidate = 0) const { return zones_[candidate]; }
  std::string localStart(Instant start) const { return formatWall(zone().toLocal(start).wall); }

 private:
  const Offer& offer_;
  const SlotShape shape_;
  const SlotTokenWriter& tokens_;
  std::vector<Zone> zones_;              ///< of each candidate; never empty
  std::vector<std::string> zone_names_;  ///< the same, as JSON text
  std::vector<std::string> resources_;   ///< of each candidate, as JSON text
  ClockText start_;
  ClockText end_;
  ClockText local_;
  std::string text_;  ///< of the slot that is being written
};

/// JSON Schema of a slot, and the members of the others that the routes answer with.
std::string slotSchema();
std::string explanationProperties();

}  // namespace booking
