#include "plugins/worker_order.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "plugins/link_frame.hpp"

namespace bulkhead::host {
namespace {

using nlohmann::json;

/// Text of the other side that is not what it has to be ends the link, and nothing else.
template <class Read>
auto reading(std::string_view text, const Read& read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& problem) {
    throw LinkError{problem.what()};
  }
}

std::string written(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

json limitsJson(const HomeLimits& limits) {
  return {{"threads", limits.lane.threads},
          {"queue", limits.lane.queue},
          {"streams", limits.streams},
          {"deadline_ms", limits.deadline.count()}};
}

HomeLimits limitsFrom(const json& document) {
  HomeLimits limits;
  limits.lane.threads = document.at("threads").get<std::size_t>();
  limits.lane.queue = document.at("queue").get<std::size_t>();
  limits.streams = document.at("streams").get<std::size_t>();
  limits.deadline = std::chrono::milliseconds{document.at("deadline_ms").get<std::int64_t>()};
  return limits;
}

json routesJson(const WorkerRegistration& registration) {
  json routes = json::array();
  for (const auto& route : registration.routes) {
    if (route->kind != EntryKind::Route) {
      routes.push_back({{"kind", static_cast<int>(route->kind)},
                        {"capability", route->capability},
                        {"call", route->call},
                        {"attempts", route->attempts_max},
                        {"at_once", route->queue.at_once},
                        {"timeout_ms", route->queue.timeout.count()}});
      continue;
    }
    routes.push_back({{"method", route->contract.method()},
                      {"path", route->path},
                      {"relative", route->contract.path()},
                      {"contract", route->contract.document()}});
  }
  return routes;
}

json contributorsJson(const WorkerRegistration& registration) {
  json contributors = json::array();
  for (const auto& one : registration.contributors) {
    contributors.push_back({{"number", one.number},
                            {"name", one.name},
                            {"interval_ms", one.interval.count()},
                            {"timeout_ms", one.timeout.count()}});
  }
  return contributors;
}

json metricsJson(const WorkerRegistration& registration) {
  json metrics = json::array();
  for (const auto& metric : registration.metrics) {
    metrics.push_back({{"kind", metric.kind},
                       {"name", metric.name},
                       {"help", metric.help},
                       {"labels", metric.labels}});
  }
  return metrics;
}

json termsJson(const AsksTerms& asks) {
  json all = json::object();
  for (const auto& [name, terms] : asks)
    all[name] = {{"fallback", terms.fallback}, {"deadline_ms", terms.deadline.count()}};
  return all;
}

AsksTerms termsFrom(const json& all) {
  AsksTerms asks;
  for (const auto& [name, terms] : all.items()) {
    asks[name] = {terms.at("fallback").get<std::string>(),
                  std::chrono::milliseconds{terms.at("deadline_ms").get<std::int64_t>()}};
  }
  return asks;
}

EntryKind kindFrom(const json& number) {
  const auto kind = number.get<int>();
  if (kind <= static_cast<int>(EntryKind::Route) || kind > static_cast<int>(EntryKind::JobDesk))
    throw LinkError{"a registration is of no kind"};
  return static_cast<EntryKind>(kind);
}

RegisteredRoute queueFrom(const json& one, std::uint32_t place) {
  json options{{"at_once", one.at("at_once")}, {"timeout_ms", one.at("timeout_ms")}};
  options["attempts"] = one.at("attempts");
  return jobQueue(place, one.at("call").get<std::string>(), written(options));
}

RegisteredRoute insideFrom(EntryKind kind, std::uint32_t place, const std::string& capability,
                           const std::string& call, std::uint32_t attempts) {
  if (kind == EntryKind::Desk) return messageDesk(place);
  if (kind == EntryKind::JobDesk) return jobDesk(place);
  if (kind != EntryKind::Event) return insideEntry(kind, place, capability, call, {});
  RegisteredRoute handler = messageHandler(place, capability, call, {});
  handler.attempts_max = attempts;
  return handler;
}

/// In the host a route has the number of its place: two may share that which the plugin gave.
std::shared_ptr<const RegisteredRoute> routeFrom(const json& one, std::size_t place) {
  if (one.contains("kind") && kindFrom(one.at("kind")) == EntryKind::Job) {
    return std::make_shared<const RegisteredRoute>(
        queueFrom(one, static_cast<std::uint32_t>(place)));
  }
  if (one.contains("kind")) {
    return std::make_shared<const RegisteredRoute>(
        insideFrom(kindFrom(one.at("kind")), static_cast<std::uint32_t>(place),
                   one.at("capability").get<std::string>(), one.at("call").get<std::string>(),
                   one.value("attempts", kMessageAttempts)));
  }
  return std::make_shared<const RegisteredRoute>(RegisteredRoute{
      static_cast<std::uint32_t>(place), one.at("path").get<std::string>(),
      RouteContract{one.at("method").get<std::string>(), one.at("relative").get<std::string>(),
                    written(one.at("contract"))}});
}

json databaseJson(const std::optional<data::PostgresqlOptions>& database) {
  if (!database) return nullptr;
  return {{"url", database->url},
          {"owner", database->owner},
          {"schema", database->schema},
          {"sessions_min", database->sessions_min},
          {"sessions_max", database->sessions_max},
          {"idle_ms", database->idle_timeout.count()},
          {"checkout_ms", database->checkout_timeout.count()},
          {"connect_ms", database->connect_timeout.count()}};
}

std::optional<data::PostgresqlOptions> databaseFrom(const json& one) {
  if (one.is_null()) return std::nullopt;
  using std::chrono::milliseconds;
  data::PostgresqlOptions options;
  options.url = one.at("url").get<std::string>();
  options.owner = one.at("owner").get<std::string>();
  options.schema = one.at("schema").get<std::string>();
  options.sessions_min = one.at("sessions_min").get<std::size_t>();
  options.sessions_max = one.at("sessions_max").get<std::size_t>();
  options.idle_timeout = milliseconds{one.at("idle_ms").get<std::int64_t>()};
  options.checkout_timeout = milliseconds{one.at("checkout_ms").get<std::int64_t>()};
  options.connect_timeout = milliseconds{one.at("connect_ms").get<std::int64_t>()};
  return options;
}

}  // namespace

void tellOfStore(WorkerOrder& order, const data::StoreOptions& store) {
  if (const auto* database = std::get_if<data::PostgresqlOptions>(&store)) {
    order.database = *database;
    order.secrets.push_back(database->url);
  } else {
    order.store = std::filesystem::absolute(data::fileOf(store));
  }
}

std::optional<data::StoreOptions> storeFrom(const WorkerOrder& order) {
  if (order.database) return *order.database;
  if (order.store.empty()) return std::nullopt;
  data::SqliteOptions options;
  options.path = order.store;
  options.owner = order.plugin;
  options.lease_shared = order.lease_shared;
  return options;
}

std::string toJson(const WorkerOrder& order) {
  return written({{"plugin", order.plugin},
                  {"version", order.version},
                  {"library", order.library.string()},
                  {"settings", toJson(order.settings)},
                  {"secrets", order.secrets},
                  {"replaces", order.replaces},
                  {"provides", order.capabilities.provides},
                  {"wants", order.capabilities.wants},
                  {"asks", termsJson(order.capabilities.asks)},
                  {"limits", limitsJson(order.limits)},
                  {"development", order.development},
                  {"store", order.store.string()},
                  {"database", databaseJson(order.database)},
                  {"lease_shared", order.lease_shared},
                  {"beside_older_code", order.beside_older_code},
                  {"crash_folder", order.crash_folder.string()},
                  {"host_version", order.host_version},
                  {"host_revision", order.host_revision},
                  {"descriptors_max", order.descriptors_max},
                  {"sandbox", order.sandbox}});
}

WorkerOrder workerOrderFrom(std::string_view text) {
  return reading(text, [](const json& document) {
    WorkerOrder order;
    order.plugin = document.at("plugin").get<std::string>();
    order.version = document.at("version").get<std::string>();
    order.library = document.at("library").get<std::string>();
    order.settings = homeSettingsFrom(document.at("settings").get<std::string>());
    order.secrets = document.at("secrets").get<std::vector<std::string>>();
    order.replaces = document.at("replaces").get<std::vector<std::string>>();
    order.capabilities.wants = document.at("wants").get<std::map<std::string, bool>>();
    order.capabilities.provides = document.at("provides").get<std::vector<std::string>>();
    order.capabilities.asks = termsFrom(document.at("asks"));
    order.limits = limitsFrom(document.at("limits"));
    order.development = document.at("development").get<bool>();
    order.store = document.at("store").get<std::string>();
    order.database = databaseFrom(document.at("database"));
    order.beside_older_code = document.at("beside_older_code").get<bool>();
    order.lease_shared = document.at("lease_shared").get<bool>();
    order.crash_folder = document.at("crash_folder").get<std::string>();
    order.host_version = document.at("host_version").get<std::string>();
    order.host_revision = document.at("host_revision").get<std::string>();
    order.descriptors_max = document.at("descriptors_max").get<std::uint64_t>();
    order.sandbox = document.at("sandbox").get<bool>();
    return order;
  });
}

std::string toJson(const WorkerRegistration& registration) {
  return written({{"routes", routesJson(registration)},
                  {"contributors", contributorsJson(registration)},
                  {"metrics", metricsJson(registration)}});
}

WorkerRegistration workerRegistrationFrom(std::string_view text) {
  return reading(text, [](const json& document) {
    WorkerRegistration registration;
    for (const auto& one : document.at("routes"))
      registration.routes.push_back(routeFrom(one, registration.routes.size()));
    for (const auto& one : document.at("contributors")) {
      registration.contributors.push_back(
          {one.at("number").get<std::uint32_t>(), one.at("name").get<std::string>(),
           std::chrono::milliseconds{one.at("interval_ms").get<std::int64_t>()},
           std::chrono::milliseconds{one.at("timeout_ms").get<std::int64_t>()}});
    }
    for (const auto& one : document.at("metrics")) {
      registration.metrics.push_back(
          {one.at("kind").get<std::string>(), one.at("name").get<std::string>(),
           one.at("help").get<std::string>(), one.at("labels").get<std::vector<std::string>>()});
    }
    return registration;
  });
}

std::string toJson(const HomeLimits& limits) {
  return written(limitsJson(limits));
}

HomeLimits homeLimitsFrom(std::string_view text) {
  return reading(text, limitsFrom);
}

std::string toJson(const std::vector<TableRows>& rows) {
  json document = json::array();
  for (const auto& [table, count] : rows) document.push_back({{"table", table}, {"rows", count}});
  return written(document);
}

std::vector<TableRows> tableRowsFrom(std::string_view text) {
  return reading(text, [](const json& document) {
    std::vector<TableRows> rows;
    for (const auto& one : document)
      rows.push_back({one.at("table").get<std::string>(), one.at("rows").get<std::int64_t>()});
    return rows;
  });
}

}  // namespace bulkhead::host
