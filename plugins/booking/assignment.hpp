#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace booking {

/// Who of several free resources gets a visit.
enum class Assignment {
  Specific,     ///< nobody but the one that the caller names
  RoundRobin,   ///< whose last turn is longest ago
  LeastLoaded,  ///< who has least booked on the visit's day
  Priority,     ///< the first by the resources' own priority
};

/// "round_robin": as stored and as shown.
std::string_view nameOf(Assignment assignment);
std::optional<Assignment> assignmentNamed(std::string_view name);

/// A free resource, as far as policies look at it.
struct Applicant {
  std::int64_t last_turn = 0;  ///< grows with every turn of the service; 0: never had one
  std::int64_t load_s = 0;     ///< booked on the day, with buffers
};

/// The index of the one to take. `applicants` is not empty and in the order of priority, which
/// decides between equals: the same situation always gives the same answer. Specific is answered
/// like Priority; refusing a caller who named nobody is the desk's.
std::size_t choose(Assignment assignment, const std::vector<Applicant>& applicants);

}  // namespace booking
