#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unistd.h>

#include <bulkhead/testing/test_host.hpp>

#include "data/sqlite_store.hpp"
#include "http/request_target.hpp"
#include "http/router.hpp"
#include "plugins/elf_note.hpp"
#include "plugins/home_options.hpp"
#include "plugins/library.hpp"
#include "plugins/plugin_cache.hpp"
#include "plugins/plugin_file.hpp"
#include "runtime/error_response.hpp"
#include "runtime/plugin_home.hpp"
#include "testing/fakes.hpp"

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
host::HomeSettings settingsFrom(const host::Manifest& manifest, TestHost::Settings settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    text += name + " = ";
    for (const char c : value.text)
      text += c == '\\' ? "\\\\" : c == '\n' ? "\\n" : std::string(1, c);
    text += "\n";
  }
  return host::readHomeSettings(
      manifest, host::PropertiesFile::parse(text, "the settings of the test"), host::Variables{});
}

TestResponse toTestResponse(HttpResponse response) {
  return {response.status, std::move(response.headers), std::move(response.body)};
}

}  // namespace

std::string TestResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (lower(key) == lower(name)) return value;
  }
  return {};
}

TestError TestResponse::error() const {
  const auto document = nlohmann::json::parse(body, nullptr, false);
  if (!document.is_object() || !document.contains("error")) return {};
  const auto& error = document["error"];
  return {error.value("code", ""), error.value("message", ""),
          error.contains("details") ? error["details"].dump() : ""};
}

class TestHost::Implementation {
 public:
  Implementation(std::string_view plugin, Settings settings)
      : file_{host::readPluginFile(pluginFolder() / fmt::format("{}.so", plugin))},
        notes_{host::readPluginNotes(file_)},
        manifest_{host::Manifest::parse(notes_.manifest, file_.path.string())},
        library_{host::PluginLibrary::load(
            host::PluginCache{cacheFolder()}.copyOf(file_, manifest_.id))},
        store_{openStore(std::string{plugin})},
        home_{library_.table(),
              {manifest_.id, settingsFrom(manifest_, settings), manifest_.replaces, kDeadline, true,
               host::migrationOf(manifest_.id,
                                 host::parseMigrations(notes_.migrations, file_.path.string()),
                                 "sqlite")},
              {clock_, log_, metrics_, manifest_.store ? store_.get() : nullptr}} {
    home_.create();
    std::vector<host::RouteTable<const host::RegisteredRoute*>::Route> routes;
    for (const auto& route : home_.routes()) {
      routes.push_back({route->contract.method(), route->path, manifest_.id, route.get()});
    }
    routes_ = host::RouteTable<const host::RegisteredRoute*>{std::move(routes)};
    home_.start();
  }
  ~Implementation() {
    home_.stop();
    std::error_code ignored;
    std::filesystem::remove_all(cacheFolder(), ignored);
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  TestResponse send(std::string_view method, std::string_view target, const Headers& headers,
                    std::string_view body) {
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
    if (const char* problem = host::decodeTarget(target, request)) {
      return toTestResponse(
          host::errorResponse(Error::validation("VALIDATION_ERROR", problem), {}));
    }
    return toTestResponse(route(std::move(request)));
  }

  void actAs(std::string_view tenant, std::string_view scopes) {
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

  std::string health(std::string_view name) {
    for (const auto& contributor : home_.contributors()) {
      if (contributor.name == name)
        return home_.checkHealth(contributor, std::chrono::steady_clock::now() + kDeadline);
    }
    throw std::runtime_error{fmt::format("The plugin registers no health contributor '{}'.", name)};
  }

  FakeClock& clock() { return clock_; }
  std::vector<std::string> log() const { return log_.lines(); }

 private:
  HttpResponse route(HttpRequest request) {
    auto match = routes_.match(request.method, request.path);
    if (match.value == nullptr) {
      return host::errorResponse(Error::notFound("NOT_FOUND", "There is nothing here."), {});
    }
    const host::RegisteredRoute& route = **match.value;
    request.path_parameters = std::move(match.parameters);
    if (route.contract.access() != host::RouteAccess::Public) {
      if (!request.principal.authenticated)
        return host::errorResponse(Error::authentication("AUTHENTICATION_ERROR", "No credential."),
                                   {});
      const bool may_administer =
          route.contract.access() != host::RouteAccess::Admin || request.principal.has("admin");
      if (!may_administer || !request.principal.has(route.contract.scope()))
        return host::errorResponse(Error::authorization("AUTHORIZATION_ERROR", "Scope missing."),
                                   {});
    }
    return home_.handle(route, request, std::chrono::steady_clock::now() + kDeadline);
  }

  static std::unique_ptr<host::data::Store> openStore(const std::string& plugin) {
    host::data::SqliteOptions options;
    options.owner = plugin;
    options.rehearse_writes = true;
    options.closure_budget =
        std::chrono::seconds{10};  // sanitizers are slow, and time is not what is tested
    return host::data::openSqliteStore(std::move(options));
  }

  std::filesystem::path cacheFolder() const {
    return std::filesystem::temp_directory_path() /
           fmt::format("bulkhead-test-{}-{}", getpid(), static_cast<const void*>(this));
  }

  FakeClock clock_;
  RecordingLog log_;
  CountingMetrics metrics_;
  std::mutex mutex_;
  host::Principal principal_{"test-key", "t1", {"*"}, true, false};
  host::PluginFile file_;
  host::PluginNotes notes_;
  host::Manifest manifest_;
  host::PluginLibrary library_;
  std::unique_ptr<host::data::Store> store_;
  host::PluginHome home_;
  host::RouteTable<const host::RegisteredRoute*> routes_;
};

TestHost::TestHost(std::string_view plugin, Settings settings) try
    : implementation_{std::make_unique<Implementation>(plugin, settings)} {
} catch (const Error& error) {
  throw std::runtime_error{fmt::format("{} ({})", error.message(), error.code())};
}

TestHost::~TestHost() = default;

TestResponse TestHost::get(std::string_view target, const Headers& headers) {
  return send("GET", target, headers, {});
}

namespace {

Headers withJson(const Headers& headers) {
  Headers complete = headers;
  complete.emplace_back("Content-Type", "application/json");
  return complete;
}

}  // namespace

TestResponse TestHost::post(std::string_view target, std::string_view json,
                            const Headers& headers) {
  static std::atomic<unsigned> next{0};
  Headers complete = withJson(headers);
  bool keyed = false;
  for (const auto& header : headers) keyed = keyed || lower(header.first) == "idempotency-key";
  if (!keyed) complete.emplace_back("Idempotency-Key", fmt::format("test-key-{}", next++));
  return send("POST", target, complete, json);
}

TestResponse TestHost::put(std::string_view target, std::string_view json, const Headers& headers) {
  return send("PUT", target, withJson(headers), json);
}

TestResponse TestHost::patch(std::string_view target, std::string_view json,
                             const Headers& headers) {
  return send("PATCH", target, withJson(headers), json);
}

TestResponse TestHost::del(std::string_view target, const Headers& headers) {
  return send("DELETE", target, headers, {});
}

TestResponse TestHost::send(std::string_view method, std::string_view target,
                            const Headers& headers, std::string_view body) {
  return implementation_->send(method, target, headers, body);
}

void TestHost::actAs(std::string_view tenant, std::string_view scopes) {
  implementation_->actAs(tenant, scopes);
}
void TestHost::setTime(std::string_view instant) {
  implementation_->clock().set(instant);
}
void TestHost::advance(std::chrono::microseconds by) {
  implementation_->clock().advance(by);
}
std::string TestHost::health(std::string_view name) {
  return implementation_->health(name);
}
std::vector<std::string> TestHost::log() const {
  return implementation_->log();
}

}  // namespace bulkhead::testing
