#include "watched_waist.hpp"

#include <mutex>
#include <set>

namespace sdk_conformance {
namespace {

std::mutex mutex;
std::set<std::string> called;

void note(const char* name) {
  const std::lock_guard lock{mutex};
  called.insert(name);
}

bulkhead_host real_host{};
bulkhead_plugin real_plugin{};

template <auto kMember>
inline const char* name_of = "";

/// Stands in the place of one function of the host's table.
template <auto kMember, class Result, class... Arguments>
Result passOn(Arguments... arguments) {
  note(name_of<kMember>);
  return (real_host.*kMember)(arguments...);
}

template <auto kMember, class Result, class... Arguments>
void stand(bulkhead_host& host, Result (*bulkhead_host::*)(Arguments...), const char* name) {
  name_of<kMember> = name;
  host.*kMember = &passOn<kMember, Result, Arguments...>;
}

#define STAND(member) stand<&bulkhead_host::member>(host, &bulkhead_host::member, "host." #member)

/// `host` with each of its functions watched.
bulkhead_host watchedHost(bulkhead_host host) {
  STAND(register_route);
  STAND(register_health);
  STAND(register_metric);
  STAND(read_setting);
  STAND(log);
  STAND(record_metric);
  STAND(db_read);
  STAND(db_write);
  STAND(tx_read);
  STAND(tx_send);
  STAND(now_us);
  STAND(monotonic_us);
  STAND(remaining_us);
  STAND(random_bytes);
  STAND(recovery_read);
  STAND(recovery_keep);
  STAND(recovery_token);
  STAND(body_read);
  STAND(http_send);
  STAND(register_call);
  STAND(call_capability);
  STAND(register_events);
  STAND(publish_event);
  STAND(register_listener);
  STAND(register_inbox);
  STAND(keep_message);
  STAND(register_answer);
  STAND(ask_capability);
  STAND(register_queue);
  STAND(register_schedule);
  STAND(enqueue_job);
  STAND(job_progress);
  return host;
}

const bulkhead_response& of(void* self) {
  return *static_cast<const bulkhead_response*>(self);
}

/// A response whose functions are watched; `real` outlives it.
bulkhead_response watchedResponse(const bulkhead_response& real) {
  bulkhead_response response = real;
  response.self = const_cast<bulkhead_response*>(&real);
  response.status = [](void* self, std::int32_t status) {
    note("response.status");
    of(self).status(of(self).self, status);
  };
  response.header = [](void* self, bulkhead_bytes name, bulkhead_bytes value) {
    note("response.header");
    return of(self).header(of(self).self, name, value);
  };
  response.body = [](void* self, const char* data, std::size_t size) {
    note("response.body");
    of(self).body(of(self).self, data, size);
  };
  response.begin = [](void* self, const bulkhead_error_sink* error) {
    note("response.begin");
    return of(self).begin(of(self).self, error);
  };
  response.send = [](void* self, const char* data, std::size_t size,
                     const bulkhead_error_sink* error) {
    note("response.send");
    return of(self).send(of(self).self, data, size, error);
  };
  response.pause = [](void* self, std::int64_t duration_us) {
    note("response.pause");
    return of(self).pause(of(self).self, duration_us);
  };
  return response;
}

bulkhead_status create(const bulkhead_host* host, bulkhead_home* home, void** plugin,
                       const bulkhead_error_sink* error) {
  static bulkhead_host watched_host;
  note("plugin.create");
  real_host = *host;
  watched_host = watchedHost(*host);
  return real_plugin.create(&watched_host, home, plugin, error);
}

bulkhead_status start(void* plugin, const bulkhead_error_sink* error) {
  note("plugin.start");
  return real_plugin.start(plugin, error);
}

bulkhead_status handle(void* plugin, const bulkhead_request* request,
                       bulkhead_transaction* transaction, const bulkhead_response* response,
                       const bulkhead_error_sink* error) {
  note("plugin.handle");
  const bulkhead_response watched_response = watchedResponse(*response);
  return real_plugin.handle(plugin, request, transaction, &watched_response, error);
}

bulkhead_status checkHealth(void* plugin, std::uint32_t contributor, bulkhead_context* context,
                            const bulkhead_sink* result, const bulkhead_error_sink* error) {
  note("plugin.check_health");
  return real_plugin.check_health(plugin, contributor, context, result, error);
}

}  // namespace

const bulkhead_plugin& watched(const bulkhead_plugin& plugin) {
  static bulkhead_plugin table;
  real_plugin = table = plugin;
  table.create = &create;
  table.start = &start;
  table.handle = &handle;
  table.check_health = &checkHealth;
  return table;
}

std::vector<std::string> calledMembers() {
  const std::lock_guard lock{mutex};
  return {called.begin(), called.end()};
}

}  // namespace sdk_conformance
