#pragma once

#include <cstdint>

#include <bulkhead/abi.h>

namespace bulkhead::host {

/// The functions of the waist's table that are about jobs.
struct JobTable {
  static bulkhead_status registerQueue(bulkhead_home* self, std::uint32_t route,
                                       bulkhead_bytes queue, bulkhead_bytes options,
                                       const bulkhead_error_sink* error);
  static bulkhead_status registerSchedule(bulkhead_home* self, bulkhead_bytes name,
                                          bulkhead_bytes options, const bulkhead_error_sink* error);
  static bulkhead_status enqueueJob(bulkhead_home* self, bulkhead_transaction* transaction,
                                    const bulkhead_job* job, const bulkhead_sink* id,
                                    std::int32_t* is_new, const bulkhead_error_sink* error);
  static bulkhead_status jobProgress(bulkhead_home* self, bulkhead_context* context,
                                     bulkhead_bytes progress, std::int32_t* stop,
                                     const bulkhead_error_sink* error);
};

}  // namespace bulkhead::host
