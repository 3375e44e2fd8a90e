#pragma once

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "money.hpp"
#include "record.hpp"
#include "record_column.hpp"
#include "record_field.hpp"
#include "slot.hpp"

namespace booking {

/// How many visits of one service somebody may have on a local day, and in a local week (from
/// Monday on).
struct VisitLimits {
  std::optional<int> per_day;
  std::optional<int> per_week;
  bool any() const { return per_day || per_week; }
};

/// Something that can be booked. Minutes are elapsed time.
struct Service : Record {
  std::string name;
  std::optional<std::string> description;
  std::optional<std::string> category;  ///< the name under which a front end groups services
  int duration_min = 30;
  std::vector<int> other_durations_min;  ///< what a caller may choose in place of duration_min
  int slot_step_min = 15;
  int buffer_before_min = 0;
  int buffer_after_min = 0;
  std::optional<int> min_notice_min;    ///< unset: the tenant's default_notice_min
  std::optional<int> horizon_days;      ///< unset: the tenant's horizon_days
  std::optional<std::string> schedule;  ///< set: takes the place of the resources' schedules
  std::optional<Money> price;
  bool requires_confirmation = false;
  std::string assignment = "priority";  ///< specific, round_robin, least_loaded or priority
  std::optional<int> lead_max_per_day;
  std::optional<int> lead_max_per_week;
  std::optional<int> resource_max_per_day;
  std::optional<int> resource_max_per_week;
  JsonText questions{"[]"};  ///< what is asked of whoever books: {id, label, type, ...}
  friend bool operator==(const Service&, const Service&) = default;

  static constexpr std::string_view kTable = "service";
  static constexpr std::array kFilters{ListFilter{"category", "category = ?"}};
  static constexpr std::array kReferences{Reference{"resource_service", "service"},
                                          Reference{"appointment", "service"}};
  static constexpr auto fields();

  VisitLimits leadLimits() const { return {lead_max_per_day, lead_max_per_week}; }
  VisitLimits resourceLimits() const { return {resource_max_per_day, resource_max_per_week}; }

  /// Throws VALIDATION_ERROR when a visit with its buffers would not fit in 24 hours, or the price
  /// is none.
  void check() const;
  /// The shape of a visit of `duration_min`, or of the default. Throws VALIDATION_ERROR for a
  /// duration that the service does not offer.
  SlotShape shape(std::optional<int> chosen_duration_min) const;
};

constexpr auto Service::fields() {
  using S = Service;
  return std::make_tuple(
      field("name", &S::name, schema::kName),
      field("description", &S::description, schema::kOptionalText),
      field("category", &S::category, schema::kOptionalLabel),
      field("duration_min", &S::duration_min, schema::kVisitMinutes),
      field(
          "other_durations_min", &S::other_durations_min,
          R"({"type":"array","maxItems":20,"items":{"type":"integer","minimum":1,"maximum":1440}})"),
      field("slot_step_min", &S::slot_step_min, schema::kVisitMinutes),
      field("buffer_before_min", &S::buffer_before_min, schema::kBufferMinutes),
      field("buffer_after_min", &S::buffer_after_min, schema::kBufferMinutes),
      field("min_notice_min", &S::min_notice_min, schema::kOptionalNotice),
      field("horizon_days", &S::horizon_days, schema::kOptionalHorizon),
      field("schedule", &S::schedule, schema::kOptionalId),
      field("price", &S::price, schema::kOptionalMoney),
      field("requires_confirmation", &S::requires_confirmation, schema::kBoolean),
      field("assignment", &S::assignment,
            R"({"enum":["specific","round_robin","least_loaded","priority"]})"),
      field("lead_max_per_day", &S::lead_max_per_day, schema::kOptionalCount),
      field("lead_max_per_week", &S::lead_max_per_week, schema::kOptionalCount),
      field("resource_max_per_day", &S::resource_max_per_day, schema::kOptionalCount),
      field("resource_max_per_week", &S::resource_max_per_week, schema::kOptionalCount),
      field("questions", &S::questions, schema::kQuestions));
}

}  // namespace booking
