#include "location.hpp"

#include "zone.hpp"

namespace booking {

void Location::check() const {
  Zone::get(time_zone);
}

}  // namespace booking
