// A plugin straight on <bulkhead/abi.h>, without the SDK: it calls each function of the host's
// table and has each function of the plugin's own.
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "routes.hpp"

namespace conformance {
namespace {

enum Contributors : std::uint32_t {
  kHealthy = 40,
  kDegraded,
  kCritical,
  kRefuses,
  kNonsense,
  kStores
};

void log(const Plugin& plugin, std::string_view message) {
  plugin.host.log(plugin.home, nullptr, BULKHEAD_LOG_INFO, bytes(message), {});
}

std::string settingText(const bulkhead_host& host, bulkhead_home* home, std::string_view name) {
  std::string text;
  const auto receive = [](void* self, const bulkhead_value* columns, std::size_t) {
    *static_cast<std::string*>(self) = view(columns[0].bytes);
    return std::int32_t{0};
  };
  host.read_setting(home, bytes(name), receive, &text, nullptr);
  return text;
}

/// Registers what the setting `mistake` says, wrongly.
bulkhead_status registerWrongly(const bulkhead_host& host, bulkhead_home* home,
                                std::string_view mistake, const bulkhead_error_sink* error) {
  const bulkhead_bytes contract =
      bytes(R"({"summary":"S.","access":"public","response":{"type":"object"}})");
  if (mistake == "contract")
    return host.register_route(home, 99, bytes("GET"), bytes("/wrong"), bytes(R"({"sumary":"S."})"),
                               error);
  if (mistake == "foreign_route")
    return host.register_route(home, 99, bytes("GET"), bytes("/api/booking/v1/mine"), contract,
                               error);
  if (mistake == "contributor") return host.register_health(home, 99, bytes("healthy"), {}, error);
  std::uint32_t metric = 0;
  if (mistake == "metric")
    return host.register_metric(home, bytes("gouge"), bytes("wrong"), bytes("Wrong."), nullptr, 0,
                                &metric, error);
  if (mistake == "create")
    return refuse(error, BULKHEAD_CONFIGURATION_ERROR, "NOT_LIKE_THIS", "It cannot be like this.");
  return BULKHEAD_OK;
}

bulkhead_status registerContributors(const Plugin& plugin, const bulkhead_error_sink* error) {
  const std::pair<Contributors, std::string_view> all[] = {
      {kHealthy, "healthy"}, {kDegraded, "degraded"}, {kCritical, "critical"},
      {kRefuses, "refuses"}, {kNonsense, "nonsense"}, {kStores, "stores"}};
  bulkhead_status status = BULKHEAD_OK;
  for (const auto& [number, name] : all) {
    if (status == BULKHEAD_OK)
      status =
          plugin.host.register_health(plugin.home, number, bytes(name),
                                      bytes(R"({"interval_ms":100,"timeout_ms":2000})"), error);
  }
  return status;
}

bulkhead_status registerMetrics(Plugin& plugin, const bulkhead_error_sink* error) {
  const auto add = [&](std::string_view kind, std::string_view name,
                       std::vector<bulkhead_bytes> labels, std::uint32_t& metric) {
    return plugin.host.register_metric(plugin.home, bytes(kind), bytes(name),
                                       bytes("Of the suite."), labels.data(), labels.size(),
                                       &metric, error);
  };
  bulkhead_status status =
      add("counter", "events_total", {bytes("one"), bytes("two")}, plugin.counter);
  if (status == BULKHEAD_OK) status = add("gauge", "conformance_level", {}, plugin.gauge);
  if (status == BULKHEAD_OK)
    status = add("histogram", "duration_seconds", {bytes("what")}, plugin.histogram);
  return status;
}

bulkhead_status registerAll(Plugin& plugin, const bulkhead_error_sink* error) {
  const WaistRoutes routes = waistRoutes();
  for (const WaistRoute* route = routes.begin; route != routes.begin + routes.count; ++route) {
    const auto status =
        plugin.host.register_route(plugin.home, route->number, bytes(route->method),
                                   bytes(route->path), bytes(route->contract), error);
    if (status != BULKHEAD_OK) return status;
  }
  auto status = plugin.host.register_call(plugin.home, kReflect, bytes("mirror/1"),
                                          bytes("reflect"), {}, error);
  if (status == BULKHEAD_OK)
    status = plugin.host.register_events(plugin.home, bytes("mirror/1"), error);
  if (status == BULKHEAD_OK)
    status = plugin.host.register_inbox(plugin.home, kSlips, bytes("slips"), {}, error);
  if (status == BULKHEAD_OK)
    status = plugin.host.register_queue(plugin.home, kChits, bytes("chits"),
                                        bytes(R"({"attempts":1,"at_once":1})"), error);
  if (status == BULKHEAD_OK)
    status = plugin.host.register_schedule(
        plugin.home, bytes("yearly"),
        bytes(R"({"queue":"chits","cron":"0 0 1 1 *","zone":"Europe/Berlin","misfire":"skip"})"),
        error);
  if (status == BULKHEAD_OK)
    status = plugin.host.register_answer(plugin.home, kReflect, bytes("mirror/1"), bytes("glance"),
                                         {}, error);
  if (status == BULKHEAD_OK) status = registerContributors(plugin, error);
  return status != BULKHEAD_OK ? status : registerMetrics(plugin, error);
}

/// What create() may not do is refused, and does no harm.
std::string triedInCreate(const Plugin& plugin) {
  Told told;
  told.ends("db_write", [&](const bulkhead_error_sink* sink) {
    const auto closure = [](void*, bulkhead_transaction*, const bulkhead_error_sink*) {
      return bulkhead_status{BULKHEAD_OK};
    };
    return plugin.host.db_write(plugin.home, nullptr, closure, nullptr, sink);
  });
  told.tell("metrics", plugin.counter != plugin.gauge && plugin.gauge != plugin.histogram);
  return told.take();
}

bulkhead_status create(const bulkhead_host* host, bulkhead_home* home, void** out,
                       const bulkhead_error_sink* error) {
  auto plugin = std::make_unique<Plugin>(Plugin{*host, home});
  bulkhead_status status = registerAll(*plugin, error);
  if (status == BULKHEAD_OK)
    status = registerWrongly(*host, home, settingText(*host, home, "mistake"), error);
  if (status != BULKHEAD_OK) return status;
  plugin->created = triedInCreate(*plugin);
  log(*plugin, "life: created");
  *out = plugin.release();
  return BULKHEAD_OK;
}

Plugin& of(void* self) {
  return *static_cast<Plugin*>(self);
}

bulkhead_status start(void* self, const bulkhead_error_sink* error) {
  Plugin& plugin = of(self);
  if (settingText(plugin.host, plugin.home, "mistake") == "start")
    return refuse(error, BULKHEAD_EXTERNAL_SERVICE_ERROR, "NO_START", "It does not start.");
  Told told;
  told.ends("db_write", [&](const bulkhead_error_sink* sink) {
    const auto closure = [](void* inner, bulkhead_transaction* transaction,
                            const bulkhead_error_sink* report) {
      return of(inner).host.tx_send(transaction, bytes("DELETE FROM thing"), nullptr, 0, -1,
                                    nullptr, report);
    };
    return plugin.host.db_write(plugin.home, nullptr, closure, self, sink);
  });
  plugin.started = told.take();
  log(plugin, "life: started");
  return BULKHEAD_OK;
}

bulkhead_status handle(void* self, const bulkhead_request* request,
                       bulkhead_transaction* transaction, const bulkhead_response* response,
                       const bulkhead_error_sink* error) {
  Plugin& plugin = of(self);
  const Call call{plugin,      plugin.host, plugin.home,     *request,
                  transaction, *response,   request->context};
  if (request->route == kReflect) return reflect(call, error);
  if (request->route == kSlips) return BULKHEAD_OK;
  if (request->route == kChits) return workOnChit(call, error);
  const WaistRoutes routes = waistRoutes();
  for (const WaistRoute* route = routes.begin; route != routes.begin + routes.count; ++route) {
    if (route->number == request->route) return route->handle(call, error);
  }
  return refuse(error, BULKHEAD_APP_ERROR, "UNKNOWN_ROUTE", "There is no such route.");
}

bulkhead_status checkHealth(void* self, std::uint32_t contributor, bulkhead_context* context,
                            const bulkhead_sink* result, const bulkhead_error_sink* error) {
  const Plugin& plugin = of(self);
  const auto write = [&](std::string_view text) {
    for (const char& byte : text) result->write(result->self, &byte, 1);
    return bulkhead_status{BULKHEAD_OK};
  };
  const std::int64_t left = plugin.host.remaining_us(context);
  switch (contributor) {
    case kHealthy:
      return write(left > 0 && left <= 2'000'000 ? R"({"status":"healthy","configured":true})"
                                                 : "{}");
    case kDegraded:
      return write(R"({"status":"degraded","message":"Caf\u00e9 is slow","load":0.5})");
    case kCritical:
      return write(R"({"status":"critical","message":"It is down."})");
    case kRefuses:
      return refuse(error, BULKHEAD_EXTERNAL_SERVICE_ERROR, "VENDOR_AWAY", "The vendor is away.");
    case kStores: {
      const auto closure = [](void*, bulkhead_transaction*, const bulkhead_error_sink*) {
        return bulkhead_status{BULKHEAD_OK};
      };
      const auto status = plugin.host.db_read(plugin.home, context, closure, nullptr, error);
      return status != BULKHEAD_OK ? status : write(R"({"status":"healthy"})");
    }
    default:
      return write("well, thank you");
  }
}

void stop(void* self) {
  log(of(self), "life: stopped");
}

void destroy(void* self) {
  log(of(self), "life: destroyed");
  const std::unique_ptr<Plugin> plugin{&of(self)};
}

constexpr bulkhead_plugin kTable{sizeof(bulkhead_plugin),
                                 BULKHEAD_ABI_MAJOR,
                                 BULKHEAD_ABI_MINOR,
                                 &create,
                                 &start,
                                 &handle,
                                 &checkHealth,
                                 &stop,
                                 &destroy};

}  // namespace
}  // namespace conformance

extern "C" BULKHEAD_EXPORT const bulkhead_plugin* bulkhead_plugin_v1() {
  return &conformance::kTable;
}
