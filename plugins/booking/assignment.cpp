#include "assignment.hpp"

#include <algorithm>
#include <array>

namespace booking {
namespace {

constexpr std::array<std::string_view, 4> kNames{"specific", "round_robin", "least_loaded",
                                                 "priority"};

template <class Less>
std::size_t least(const std::vector<Applicant>& applicants, const Less& less) {
  return static_cast<std::size_t>(std::min_element(applicants.begin(), applicants.end(), less) -
                                  applicants.begin());
}

}  // namespace

std::string_view nameOf(Assignment assignment) {
  return kNames.at(static_cast<std::size_t>(assignment));
}

std::optional<Assignment> assignmentNamed(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Assignment>(found - kNames.begin());
}

std::size_t choose(Assignment assignment, const std::vector<Applicant>& applicants) {
  switch (assignment) {
    case Assignment::RoundRobin:
      return least(applicants, [](const Applicant& a, const Applicant& b) {
        return a.last_turn < b.last_turn;
      });
    case Assignment::LeastLoaded:
      return least(applicants,
                   [](const Applicant& a, const Applicant& b) { return a.load_s < b.load_s; });
    case Assignment::Specific:
    case Assignment::Priority:
      return 0;
  }
  return 0;
}

}  // namespace booking
