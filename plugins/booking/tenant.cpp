#include "tenant.hpp"

#include "notice.hpp"
#include "zone.hpp"

namespace booking {

void Tenant::check() const {
  if (time_zone) Zone::get(*time_zone);
  checkText("text_confirmed", text_confirmed.value_or(""));
  checkText("text_moved", text_moved.value_or(""));
  checkText("text_cancelled", text_cancelled.value_or(""));
  checkText("text_no_show", text_no_show.value_or(""));
}

BookingRules Tenant::over(BookingRules defaults) const {
  BookingRules rules = defaults;
  rules.notice_min = default_notice_min.value_or(rules.notice_min);
  rules.horizon_days = horizon_days.value_or(rules.horizon_days);
  rules.cancel_window_min = cancel_window_min.value_or(rules.cancel_window_min);
  rules.no_show_grace_min = no_show_grace_min.value_or(rules.no_show_grace_min);
  rules.hold_min = hold_min.value_or(rules.hold_min);
  if (booking_policy) rules.requires_confirmation = *booking_policy == "confirm";
  if (tz_change_policy) rules.keeps_instant = *tz_change_policy == "keep_instant";
  return rules;
}

}  // namespace booking
