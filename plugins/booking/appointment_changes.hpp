#pragma once

#include <string>

#include "appointment.hpp"

namespace booking {

/// {"start":{"from":...,"to":...}, ...}: what a reader of the history sees as changed, in JSON. An
/// appointment that is new has changed nothing.
std::string changesBetween(const Appointment& before, const Appointment& after);

/// `after.previous` of an appointment that leaves `before`'s time or resource at `now`: the last 20
/// are kept here, all of them in the history.
std::string previousWith(const Appointment& before, Instant now);

}  // namespace booking
