#pragma once

#include "closure.hpp"
#include "record_store.hpp"

namespace booking {

using BlockedPeriodStore = RecordStore<BlockedPeriod>;
using TimeOffStore = RecordStore<TimeOff>;

}  // namespace booking
