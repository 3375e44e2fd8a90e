#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <bulkhead/transaction.hpp>

#include "schedule.hpp"

namespace booking {

/// The SQL of schedules, their rules and their exceptions. Every call is one tenant's.
struct ScheduleStore {
  static std::optional<Schedule> find(bulkhead::ReadTransaction& transaction,
                                      std::string_view tenant, std::string_view id);
  /// By id, behind `after`.
  static std::vector<Schedule> list(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                                    std::string_view after, std::size_t limit);
  static void insert(bulkhead::Transaction& transaction, std::string_view tenant,
                     const Schedule& noun);
  /// Writes `noun` over the version before it. Throws VERSION_CONFLICT when that is gone.
  static void update(bulkhead::Transaction& transaction, std::string_view tenant,
                     const Schedule& noun);
  static bool isReferenced(bulkhead::ReadTransaction& transaction, std::string_view tenant,
                           std::string_view id);
  static void erase(bulkhead::Transaction& transaction, std::string_view tenant,
                    std::string_view id);

  static void insertRule(bulkhead::Transaction& transaction, std::string_view tenant,
                         std::string_view schedule, const WeeklyRule& rule);
  /// By date.
  static std::vector<DayException> exceptions(bulkhead::ReadTransaction& transaction,
                                              std::string_view tenant, std::string_view schedule);
  static void insertException(bulkhead::Transaction& transaction, std::string_view tenant,
                              std::string_view schedule, const DayException& exception);
  static void eraseException(bulkhead::Transaction& transaction, std::string_view tenant,
                             std::string_view schedule, std::string_view exception);
};

}  // namespace booking
