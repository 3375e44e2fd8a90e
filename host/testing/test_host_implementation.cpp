#include "testing/test_host_implementation.hpp"

#include <atomic>
#include <cctype>
#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "data/store_options.hpp"
#include "http/request_target.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/home_options.hpp"
#include "plugins/plugin_cache.hpp"
#include "plugins/plugin_file.hpp"
#include "runtime/error_response.hpp"
#include "verify/streaming_call.hpp"

namespace bulkhead::testing {
namespace {

using host::HttpRequest;
using host::HttpResponse;

constexpr std::chrono::seconds kDeadline{30};

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::filesystem::path pluginFolder() {
  if (const char* folder = std::getenv("BULKHEAD_PLUGIN_DIR")) return folder;
  return BULKHEAD_DEFAULT_PLUGIN_DIR;
}

/// The settings of a test are read as a conf file would be.
host::HomeSettings settingsFrom(const host::Manifest& manifest,
                                const TestHost::Implementation::SettingTexts& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += name + " = ";
    for (const char c : value) text += c == '\\' ? "\\\\" : c == '\n' ? "\\n" : std::string(1, c);
    text += "\n";
  }
  return host::readHomeSettings(
      manifest, host::PropertiesFile::parse(text, "the settings of the test"), host::Variables{});
}

/// Seconds; none where the answer does not ask for them.
int retryAfterOf(const HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (name == "Retry-After") return std::atoi(value.c_str());
  }
  return 0;
}

/// A schema of its own for each host, in the database of who runs the tests on PostgreSQL.
host::data::PostgresqlOptions postgresqlOptions(const std::string& plugin, const char* url) {
  static std::atomic<int> schemas{0};
  host::data::PostgresqlOptions options;
  options.url = url;
  options.owner = plugin;
  options.schema = fmt::format("{}_{}_{}", plugin, getpid(), ++schemas);
  options.sessions_max = 4;
  return options;
}

std::unique_ptr<host::data::Store> openStore(const std::string& plugin, bool rehearse_writes) {
  if (const char* url = std::getenv("BULKHEAD_TEST_DATABASE")) {
    host::data::PostgresqlOptions options = postgresqlOptions(plugin, url);
    options.rehearse_writes = rehearse_writes;
    return host::data::openStore(std::move(options));
  }
  host::data::SqliteOptions options;
  options.owner = plugin;
  options.rehearse_writes = rehearse_writes;
  options.closure_budget =
      std::chrono::seconds{10};  // sanitizers are slow, and time is not what is tested
  return host::data::openSqliteStore(std::move(options));
}

}  // namespace

LoadedPlugin::LoadedPlugin(std::string_view plugin)
    : LoadedPlugin{host::readPluginFile(pluginFolder() / fmt::format("{}.so", plugin))} {}

LoadedPlugin::LoadedPlugin(const host::PluginFile& file)
    : manifest_{host::Manifest::parse(host::readPluginNotes(file).manifest, file.path.string())},
      migrations_{
          host::parseMigrations(host::readPluginNotes(file).migrations, file.path.string())},
      contracts_{host::readPluginNotes(file).contracts},
      events_{host::eventContracts(contracts_)},
      library_{
          host::PluginLibrary::load(host::PluginCache{cacheFolder()}.copyOf(file, manifest_.id))} {}

LoadedPlugin::~LoadedPlugin() {
  std::error_code ignored;
  std::filesystem::remove_all(cacheFolder(), ignored);
}

std::filesystem::path LoadedPlugin::cacheFolder() const {
  return std::filesystem::temp_directory_path() /
         fmt::format("bulkhead-test-{}-{}", getpid(), static_cast<const void*>(this));
}

TestHost::Implementation::Implementation(std::shared_ptr<const LoadedPlugin> plugin,
                                         const SettingTexts& settings, bool rehearse_writes)
    : plugin_{std::move(plugin)},
      caller_{plugin_->contracts()},
      settings_{settingsFrom(plugin_->manifest(), settings)},
      store_{openStore(plugin_->manifest().id, rehearse_writes), faults_} {
  begin();
}

TestHost::Implementation::~Implementation() {
  home_->stop();
}

void TestHost::Implementation::begin() {
  const host::Manifest& manifest = plugin_->manifest();
  home_ = std::make_unique<host::PluginHome>(
      plugin_->table(),
      host::HomeOptions{manifest.id, manifest.version, settings_, manifest.replaces, kDeadline,
                        true,
                        host::migrationOf(manifest.id, plugin_->migrations(), store_.engine()),
                        capabilities(), manifest.store, plugin_->events(), plugin_->routes()},
      host::HomeServices{clock_, log_, metrics_, manifest.store ? &store_ : nullptr, &randomness_,
                         &caller_, &http_});
  home_->create();
  std::vector<host::RouteTable<const host::RegisteredRoute*>::Route> routes;
  for (const auto& route : home_->routes()) {
    if (route->kind != host::EntryKind::Route) continue;
    routes.push_back({route->contract.method(), route->path, manifest.id, route.get()});
  }
  routes_ = host::RouteTable<const host::RegisteredRoute*>{std::move(routes)};
  home_->start();
}

host::PluginCapabilities TestHost::Implementation::capabilities() const {
  host::PluginCapabilities said = plugin_->manifest().capabilities();
  said.contracts = plugin_->contracts();
  said.asks = host::askTermsOf(plugin_->manifest().id, said);
  return said;
}

void TestHost::Implementation::restart() {
  home_->stop();
  faults_.revive();
  begin();
}

void TestHost::Implementation::restart(const SettingTexts& settings) {
  settings_ = settingsFrom(plugin_->manifest(), settings);
  restart();
}

TestResponse TestHost::Implementation::send(std::string_view method, std::string_view target,
                                            const Headers& headers, std::string_view body) {
  const bool failed_before = !faults_.failed().empty();
  HttpResponse response = sendOnce(method, target, headers, body);
  const bool failed_now = !failed_before && !faults_.failed().empty();
  if (faults_.isDead()) {
    restart();
    response = HttpResponse::text(502, "The home died; nobody was answered.", "text/plain");
  }
  if (failed_now && response.status >= 500) {
    response = sendOnce(method, target, headers, body);
    const int wait_s = retryAfterOf(response);
    if (response.status >= 500 && wait_s > 0) {
      clock_.advance(std::chrono::seconds{wait_s});
      response = sendOnce(method, target, headers, body);
    }
  }
  const std::lock_guard lock{mutex_};
  exchanges_.push_back({fmt::format("{} {}", method, target), response.status});
  return {response.status, std::move(response.headers), std::move(response.body)};
}

HttpResponse TestHost::Implementation::sendOnce(std::string_view method, std::string_view target,
                                                const Headers& headers, std::string_view body) {
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.body = body;
  request.request_id = "test-request";
  request.trace_id = "0af7651916cd43dd8448eb211c80319c";
  for (const auto& [name, value] : headers) request.headers.emplace_back(lower(name), value);
  {
    const std::lock_guard lock{mutex_};
    request.principal = principal_;
  }
  if (const char* problem = host::decodeTarget(target, request))
    return host::errorResponse(Error::validation("VALIDATION_ERROR", problem), {});
  return route(std::move(request));
}

HttpResponse TestHost::Implementation::route(HttpRequest request) {
  auto match = routes_.match(request.method, request.path);
  if (match.value == nullptr)
    return host::errorResponse(Error::notFound("NOT_FOUND", "There is nothing here."), {});
  const host::RegisteredRoute& route = **match.value;
  request.path_parameters = std::move(match.parameters);
  if (route.contract.access() != host::RouteAccess::Public) {
    if (!request.principal.authenticated)
      return host::errorResponse(Error::authentication("AUTHENTICATION_ERROR", "No credential."),
                                 {});
    const bool may_administer =
        route.contract.access() != host::RouteAccess::Admin || request.principal.has("admin");
    if (!may_administer || !request.principal.has(route.contract.scope()))
      return host::errorResponse(Error::authorization("AUTHORIZATION_ERROR", "Scope missing."), {});
  }
  const auto until = std::chrono::steady_clock::now() + kDeadline;
  if (route.contract.streams() != host::RouteStreams::None)
    return host::StreamingCall{*home_, route}.send(std::move(request), until);
  return home_->handle(route, request, until);
}

TestResponse TestHost::Implementation::enter(host::EntryKind kind, std::string_view capability,
                                             std::string_view name, std::string_view request) {
  HttpRequest crossing;
  crossing.method = kind == host::EntryKind::Ask ? "ASK" : "CALL";
  crossing.body = request;
  crossing.request_id = "test-request";
  crossing.trace_id = "0af7651916cd43dd8448eb211c80319c";
  crossing.call_depth = 1;
  {
    const std::lock_guard lock{mutex_};
    crossing.principal = principal_;
  }
  crossing.principal.scopes.clear();
  for (const auto& route : home_->routes()) {
    if (route->kind != kind || route->capability != capability || route->call != name) continue;
    crossing.path = route->path;
    const auto until = std::chrono::steady_clock::now() + kDeadline;
    HttpResponse response = home_->handle(*route, crossing, until);
    return {response.status, std::move(response.headers), std::move(response.body)};
  }
  throw std::runtime_error{fmt::format("The plugin does not answer {} of {}.", name, capability)};
}

void TestHost::Implementation::actAs(std::string_view tenant, std::string_view scopes) {
  const std::lock_guard lock{mutex_};
  principal_ = {};
  principal_.tenant = tenant;
  principal_.authenticated = !tenant.empty();
  principal_.key_id = tenant.empty() ? "" : "test-key";
  while (!scopes.empty()) {
    const auto end = scopes.find(' ');
    principal_.scopes.emplace_back(scopes.substr(0, end));
    scopes = end == std::string_view::npos ? std::string_view{} : scopes.substr(end + 1);
  }
}

std::string TestHost::Implementation::health(std::string_view name) {
  for (const auto& contributor : home_->contributors()) {
    if (contributor.name == name)
      return home_->checkHealth(contributor, std::chrono::steady_clock::now() + kDeadline);
  }
  throw std::runtime_error{fmt::format("The plugin registers no health contributor '{}'.", name)};
}

std::vector<TestHost::Implementation::Exchange> TestHost::Implementation::takeExchanges() {
  const std::lock_guard lock{mutex_};
  return std::exchange(exchanges_, {});
}

std::map<std::string, std::int64_t> TestHost::Implementation::rowCounts() {
  std::map<std::string, std::int64_t> counts;
  if (!plugin_->manifest().store) return counts;
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  store_.read(
      [&](host::data::Transaction& transaction) {
        counts.clear();
        transaction.read(transaction.engine() == host::data::Engine::Sqlite
                             ? "SELECT name FROM sqlite_schema WHERE type = 'table'"
                             : "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND "
                               "relnamespace = current_schema()::regnamespace",
                         nullptr, 0, [&](const bulkhead_value* columns, std::size_t) {
                           counts[std::string{columns->bytes.data, columns->bytes.size}] = 0;
                           return 0;
                         });
        for (auto& [table, count] : counts) {
          transaction.read(fmt::format("SELECT count(*) FROM \"{}\"", table), nullptr, 0,
                           [&total = count](const bulkhead_value* columns, std::size_t) {
                             total = columns->integer;
                             return 0;
                           });
        }
      },
      deadline);
  return counts;
}

}  // namespace bulkhead::testing
