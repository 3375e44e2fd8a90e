#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <bulkhead/error.hpp>
#include <bulkhead/transaction.hpp>

#include "appointment.hpp"
#include "list_order.hpp"

namespace booking {

/// The SQL of appointments and their history. Every call is one tenant's.
struct AppointmentStore {
  /// Unset members do not narrow the list.
  struct Filter {
    Interval starts{fromEpoch(0), fromEpoch(kFarFuture)};
    std::optional<std::string_view> status;
    std::optional<std::string_view> resource;
    std::optional<std::string_view> lead;
    std::optional<std::string_view> service;
    Instant updated_since{};
    static constexpr std::int64_t kFarFuture = 253402300800;  // the year 10000
  };

  static std::optional<Appointment> find(bulkhead::ReadTransaction& transaction,
                                         std::string_view tenant, std::string_view id);
  /// Appointments are `a` in the order's columns.
  static std::vector<Appointment> list(bulkhead::ReadTransaction& transaction,
                                       std::string_view tenant, const Filter& filter,
                                       const ListOrder& order);
  /// Holds of the resource that are over at `now` but still take up part of `range`.
  static std::vector<Appointment> overdueHolds(bulkhead::ReadTransaction& transaction,
                                               std::string_view tenant, std::string_view resource,
                                               const Interval& range, Instant now);

  /// Both write the appointment with its block, and refuse with `taken` when the block overlaps a
  /// live one of the resource. `update` expects the version before `appointment.version`.
  static void insert(bulkhead::Transaction& transaction, std::string_view tenant,
                     const Appointment& appointment, const bulkhead::Error& taken);
  static void update(bulkhead::Transaction& transaction, std::string_view tenant,
                     const Appointment& appointment, const bulkhead::Error& taken);

  static void addHistory(bulkhead::Transaction& transaction, std::string_view tenant,
                         std::string_view appointment, const HistoryEntry& entry);
  /// By version.
  static std::vector<HistoryEntry> history(bulkhead::ReadTransaction& transaction,
                                           std::string_view tenant, std::string_view appointment);
};

}  // namespace booking
