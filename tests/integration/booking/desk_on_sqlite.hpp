#pragma once

#include <gtest/gtest.h>
#include <string>

#include "appointment_desk.hpp"
#include "integration/booking/sqlite_host.hpp"

namespace booking {

/// The desk on a file: Anna and Ben, day and night, for "cut" (30 minutes, booked at once) and
/// "exam" (with 10 minutes behind it, to be confirmed).
class DeskOnSqlite : public testing::Test {
 protected:
  void SetUp() override {
    store_.run(
        "insert into schedule (tenant, id, name, time_zone, revision, active, version, created_at, "
        "updated_at) values ('t', 'always', 'Always', 'UTC', 'r', 1, 1, 0, 0);"
        "insert into schedule_rule (tenant, schedule, id, weekdays, begin_min, end_min) "
        "values ('t', 'always', 'all', 127, 0, 1440);");
    for (const char* id : {"cut", "exam"}) {
      const bool confirmed = std::string_view{id} == "exam";
      store_.run(
          "insert into service (tenant, id, name, duration_min, other_durations_min, "
          "slot_step_min, buffer_before_min, buffer_after_min, min_notice_min, "
          "requires_confirmation, active, version, created_at, updated_at) values ('t', '" +
          std::string{id} + "', 'S', 30, '', 15, 0, " + (confirmed ? "10" : "0") + ", 0, " +
          (confirmed ? "1" : "0") + ", 1, 1, 0, 0)");
    }
    for (const char* id : {"anna", "ben"}) {
      store_.run(
          "insert into resource (tenant, id, name, kind, schedule, priority, active, "
          "version, created_at, updated_at) values ('t', '" +
          std::string{id} + "', 'R', 'staff', 'always', 1, 1, 1, 0, 0)");
      for (const char* service : {"cut", "exam"}) {
        store_.run("insert into resource_service (tenant, service, resource) values ('t', '" +
                   std::string{service} + "', '" + id + "')");
      }
    }
  }

  Caller caller() const { return {"t", "key", "request", fromEpoch(store_.now())}; }
  static Instant tomorrow() { return fromEpoch(1'767'600'000 + 86'400); }

  Wish wish(const std::string& service, Instant start) const {
    Wish made;
    made.service = service;
    made.start = start;
    return made;
  }

  SqliteHost store_;
  const bulkhead::Host host_ = store_.host();
  // Absent from long before the start, so that no-shows and their undoing come up too.
  SlotFinder finder_{
      {.notice_min = 0, .horizon_days = 90, .no_show_grace_min = -30 * 24 * 60, .hold_min = 1}};
  AppointmentDesk desk_{finder_};
};

}  // namespace booking
