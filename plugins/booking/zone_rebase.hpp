#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "appointment_desk.hpp"
#include "list_order.hpp"

namespace booking {

/// An appointment whose wall time means another instant under the zone data that is loaded now than
/// when it was made (B7): a government has changed its clocks meanwhile.
struct ZoneMove {
  Appointment before;
  Appointment after;     ///< as the tenant's policy wants it
  bool applied = false;  ///< written; else it was only looked at, or is refused
  bool taken = false;    ///< somebody else has the resource at the new time
};

/// What the loaded data of `zone` does to the appointment; nothing when its wall time still means
/// its instant, also as the second of a repeated one. Keeping the wall time moves the visit and its
/// block; keeping the instant changes what the clock will show.
std::optional<ZoneMove> zoneMove(const Appointment& appointment, const Zone& zone,
                                 bool keeps_instant);

/// How many appointments are looked at together: bounds the time of their transaction.
inline constexpr std::size_t kExaminedMax = 200;

/// The next of the tenant's appointments by start, whatever their state; at most so many.
std::vector<Appointment> upcoming(bulkhead::ReadTransaction& transaction, const Caller& caller,
                                  std::optional<ListPosition> after,
                                  std::size_t most = kExaminedMax);

/// What the loaded zone data does to them.
std::vector<ZoneMove> movesOf(const std::vector<Appointment>& appointments, bool keeps_instant);

/// Applies the moves: version, `ics_sequence` and history as of a reschedule. Those that go back in
/// time come first and in order, the others from the last to the first, so that visits that move
/// alike are not in each other's way. One that is in the way of somebody else's is left as it is.
void applyMoves(bulkhead::Transaction& transaction, const Caller& caller, AppointmentDesk& desk,
                std::vector<ZoneMove>& moves);

}  // namespace booking
