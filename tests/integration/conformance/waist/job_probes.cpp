// Jobs that are enqueued, and one of them being done.
#include <cstdint>
#include <string>
#include <string_view>

#include "routes.hpp"

namespace conformance {
namespace {

bulkhead_job jobOf(std::string_view queue, std::string_view key = {}) {
  return {sizeof(bulkhead_job), 0, bytes(queue), bytes(key), bytes("t1"), bytes("{}"), 0};
}

/// How one ends in a transaction of its own, and whether it was new; its id.
std::string tryOne(const Call& call, Told& told, std::string_view step, const bulkhead_job& job,
                   decltype(bulkhead_host::db_read) verb) {
  std::int32_t is_new = -1;
  std::string id;
  told.ends(step, [&](const bulkhead_error_sink* error) {
    return transact(
        call, verb, call.context,
        [&](bulkhead_transaction* transaction, const bulkhead_error_sink* sink) {
          id.clear();
          const bulkhead_sink into{&id, [](void* self, const char* data, std::size_t size) {
                                     static_cast<std::string*>(self)->append(data, size);
                                   }};
          return call.host.enqueue_job(call.home, transaction, &job, &into, &is_new, sink);
        },
        error);
  });
  told.tell("new_" + std::string{step}, is_new);
  return id;
}

std::string_view parameterOf(const bulkhead_request& request, std::string_view name) {
  for (std::size_t i = 0; i < request.parameter_count; ++i) {
    if (view(request.parameters[i].name) == name) return view(request.parameters[i].value);
  }
  return {};
}

}  // namespace

bulkhead_status workOnChit(const Call& call, const bulkhead_error_sink* error) {
  std::int32_t stop = -1;
  const bulkhead_status told =
      call.host.job_progress(call.home, call.context, bytes("half"), &stop, error);
  if (told != BULKHEAD_OK || stop != 0) return BULKHEAD_APP_ERROR;
  std::string done{"chit: "};
  done.append(parameterOf(call.request, "queue")).append(" ").append(view(call.request.method));
  done.append(" ").append(parameterOf(call.request, "attempt"));
  done.append(" of ").append(view(call.request.tenant));
  done.append(": ").append(view(call.request.body));
  call.host.log(call.home, call.context, BULKHEAD_LOG_INFO, bytes(done), {});
  return BULKHEAD_OK;
}

void probeJobs(const Call& call, Told& told) {
  const auto write = call.host.db_write;
  tryOne(call, told, "enqueued", jobOf("chits"), write);
  bulkhead_job later = jobOf("chits", "once");
  later.run_at_us = call.host.now_us(call.home) + 3'600'000'000;
  const std::string first = tryOne(call, told, "keyed", later, write);
  told.tell("same_id", !first.empty() && tryOne(call, told, "keyed_again", later, write) == first);
  later.key = {};
  tryOne(call, told, "later", later, write);
  tryOne(call, told, "unknown_queue", jobOf("nowhere"), write);
  bulkhead_job urgent = jobOf("chits");
  urgent.priority = 101;
  tryOne(call, told, "priority_too_high", urgent, write);
  bulkhead_job short_job = jobOf("chits");
  short_job.size -= 1;
  tryOne(call, told, "short_job", short_job, write);
  tryOne(call, told, "enqueued_in_read", jobOf("chits"), call.host.db_read);
  told.ends("without_transaction", [&](const bulkhead_error_sink* error) {
    const bulkhead_job job = jobOf("chits");
    return call.host.enqueue_job(call.home, nullptr, &job, nullptr, nullptr, error);
  });
  told.ends("progress_outside", [&](const bulkhead_error_sink* error) {
    return call.host.job_progress(call.home, call.context, {}, nullptr, error);
  });
}

}  // namespace conformance
