#pragma once

#include "location.hpp"
#include "record_store.hpp"

namespace booking {

using LocationStore = RecordStore<Location>;

}  // namespace booking
