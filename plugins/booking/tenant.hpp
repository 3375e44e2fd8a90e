#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "instant.hpp"
#include "record_field.hpp"

namespace booking {

/// The rules that hold where a service says nothing: the plugin's settings, and over them what a
/// tenant has said.
struct BookingRules {
  int notice_min = 60;
  int horizon_days = 90;
  int cancel_window_min = 0;
  int no_show_grace_min = 10;
  int hold_min = 5;
  bool requires_confirmation = false;  ///< of every service, whatever it says itself
  bool keeps_instant = false;          ///< when a zone's rules change: else the wall time is kept
};

/// What a tenant has said of itself; what is unset is as the plugin's settings say.
struct Tenant {
  std::optional<std::string> name;
  std::optional<std::string> time_zone;
  std::optional<std::string> locale;    ///< "en-US"
  std::optional<std::string> currency;  ///< ISO 4217
  std::optional<int> default_notice_min;
  std::optional<int> horizon_days;
  std::optional<int> cancel_window_min;
  std::optional<int> no_show_grace_min;
  std::optional<int> hold_min;
  std::optional<std::string> booking_policy;    ///< auto or confirm
  std::optional<std::string> tz_change_policy;  ///< keep_wall or keep_instant
  std::optional<std::string> text_confirmed;    ///< what customers are told; empty: nothing
  std::optional<std::string> text_moved;
  std::optional<std::string> text_cancelled;
  std::optional<std::string> text_no_show;
  std::int64_t version = 0;  ///< 0: nothing has been said yet
  Instant updated_at{};

  static constexpr auto fields() {
    using T = Tenant;
    return std::make_tuple(
        field("name", &T::name, schema::kOptionalLabel),
        field("time_zone", &T::time_zone, schema::kOptionalId),
        field(
            "locale", &T::locale,
            R"({"type":["string","null"],"maxLength":35,"pattern":"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"})"),
        field("currency", &T::currency,
              R"({"type":["string","null"],"maxLength":3,"pattern":"^[A-Z]{3}$"})"),
        field("default_notice_min", &T::default_notice_min, schema::kOptionalNotice),
        field("horizon_days", &T::horizon_days, schema::kOptionalHorizon),
        field("cancel_window_min", &T::cancel_window_min, schema::kOptionalNotice),
        field("no_show_grace_min", &T::no_show_grace_min,
              R"({"type":["integer","null"],"minimum":0,"maximum":1440})"),
        field("hold_min", &T::hold_min, R"({"type":["integer","null"],"minimum":1,"maximum":120})"),
        field("booking_policy", &T::booking_policy, R"({"enum":["auto","confirm",null]})"),
        field("tz_change_policy", &T::tz_change_policy,
              R"({"enum":["keep_wall","keep_instant",null]})"),
        field("text_confirmed", &T::text_confirmed, schema::kOptionalNoticeText),
        field("text_moved", &T::text_moved, schema::kOptionalNoticeText),
        field("text_cancelled", &T::text_cancelled, schema::kOptionalNoticeText),
        field("text_no_show", &T::text_no_show, schema::kOptionalNoticeText));
  }

  /// Throws INVALID_TIME_ZONE, VALIDATION_ERROR (a text with an unknown place).
  void check() const;
  /// `defaults` with what the tenant has said over them.
  BookingRules over(BookingRules defaults) const;
};

}  // namespace booking
