#include "runtime/job_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/waist.hpp>

#include "runtime/host_table.hpp"
#include "runtime/job_rows.hpp"
#include "runtime/plugin_home.hpp"
#include "runtime/registering.hpp"

namespace bulkhead::host {

using waist::guarded;
using waist::view;

namespace {

constexpr std::size_t kSchedulesMax = 100;

[[noreturn]] void refuseSchedule(std::string_view name, std::string_view reason) {
  throw Error::configuration("SCHEDULE_REFUSED", fmt::format("schedule {}: {}", name, reason));
}

}  // namespace

bulkhead_status JobTable::registerQueue(bulkhead_home* self, std::uint32_t route,
                                        bulkhead_bytes queue, bulkhead_bytes options,
                                        const bulkhead_error_sink* error) {
  return Registering::run(self, error, [&](PluginHome& home) {
    if (!home.options_.has_store) {
      throw Error::configuration(
          "QUEUE_REFUSED",
          fmt::format("queue {}: jobs live in the plugin's store, and plugin.json says "
                      "\"store\": false.",
                      view(queue)));
    }
    if (home.routes_.size() + 1 >= kRoutesMax)
      throw Error::configuration("TOO_MANY_ROUTES", "A plugin registers at most 1000 routes.");
    if (home.findQueue(view(queue)) != nullptr) {
      throw Error::configuration("QUEUE_REFUSED",
                                 fmt::format("queue {} is there twice.", view(queue)));
    }
    home.routes_.push_back(
        std::make_shared<const RegisteredRoute>(jobQueue(route, view(queue), view(options))));
    home.addJobDesk();
  });
}

bulkhead_status JobTable::registerSchedule(bulkhead_home* self, bulkhead_bytes name,
                                           bulkhead_bytes options,
                                           const bulkhead_error_sink* error) {
  return Registering::run(self, error, [&](PluginHome& home) {
    if (!isQueueName(view(name)))
      refuseSchedule(view(name), "its name is not [a-z][a-z0-9_-]{0,62}");
    RegisteredSchedule schedule = scheduleFrom(view(name), view(options));
    if (home.findQueue(schedule.queue) == nullptr)
      refuseSchedule(view(name),
                     fmt::format("the plugin has registered no queue '{}'", schedule.queue));
    for (const auto& present : home.schedules_) {
      if (present.name == schedule.name) refuseSchedule(view(name), "it is there twice");
    }
    if (home.schedules_.size() >= kSchedulesMax)
      refuseSchedule(view(name), "a plugin registers at most 100 schedules");
    home.schedules_.push_back(std::move(schedule));
  });
}

bulkhead_status JobTable::enqueueJob(bulkhead_home* self, bulkhead_transaction* transaction,
                                     const bulkhead_job* job, const bulkhead_sink* id,
                                     std::int32_t* is_new, const bulkhead_error_sink* error) {
  return guarded(error, [&] {
    if (job->size < sizeof *job)
      throw Error::configuration("ABI_MISMATCH", "The struct is shorter than one of version 1.4.");
    if (transaction == nullptr || !transaction->transaction.writable())
      throw Error::app("NO_TRANSACTION", "Jobs are enqueued in a transaction that writes.");
    jobs::NewJob row;
    row.queue = view(job->queue);
    row.key = view(job->key);
    row.tenant = view(job->tenant);
    row.payload = view(job->payload);
    row.run_at_us = job->run_at_us;
    row.priority = job->priority;
    const jobs::Enqueued enqueued = self->home.enqueue(std::move(row), *transaction);
    if (id != nullptr) id->write(id->self, enqueued.id.data(), enqueued.id.size());
    if (is_new != nullptr) *is_new = enqueued.is_new ? 1 : 0;
  });
}

bulkhead_status JobTable::jobProgress(bulkhead_home* self, bulkhead_context* context,
                                      bulkhead_bytes progress, std::int32_t* stop,
                                      const bulkhead_error_sink* error) {
  return guarded(error, [&] {
    const bool ends = self->home.tellJob(context, view(progress));
    if (stop != nullptr) *stop = ends ? 1 : 0;
  });
}

}  // namespace bulkhead::host
