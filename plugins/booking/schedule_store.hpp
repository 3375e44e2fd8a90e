#pragma once

#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "record_store.hpp"
#include "schedule.hpp"

namespace booking {

/// The rules of a schedule.
struct ScheduleRules {
  static void read(bulkhead::ReadTransaction& transaction, std::string_view tenant, Schedule& noun);
  static void write(bulkhead::Transaction& transaction, std::string_view tenant,
                    const Schedule& noun);
  /// Takes the exceptions too: what is erased by its schedule's id is the schedule.
  static void erase(bulkhead::Transaction& transaction, std::string_view tenant,
                    std::string_view schedule);
};

/// The SQL of schedules, their rules and their exceptions. Every call is one tenant's.
struct ScheduleStore : RecordStore<Schedule, ScheduleRules> {
  /// By date.
  static std::vector<DayException> exceptions(bulkhead::ReadTransaction& transaction,
                                              std::string_view tenant, std::string_view schedule);
  static void insertException(bulkhead::Transaction& transaction, std::string_view tenant,
                              std::string_view schedule, const DayException& exception);
  static void eraseException(bulkhead::Transaction& transaction, std::string_view tenant,
                             std::string_view schedule, std::string_view exception);
};

}  // namespace booking
