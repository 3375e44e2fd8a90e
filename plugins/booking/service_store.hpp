#pragma once

#include "record_store.hpp"
#include "service.hpp"

namespace booking {

using ServiceStore = RecordStore<Service>;

}  // namespace booking
