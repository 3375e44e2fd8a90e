#include "app/admin_client.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <fmt/format.h>
#include <optional>
#include <unistd.h>
#include <utility>
#include <vector>

#include <bulkhead/error.hpp>

#include "app/admin_routes.hpp"
#include "app/data_folder.hpp"
#include "app/installed_plugins.hpp"
#include "app/store_options.hpp"
#include "data/store_options.hpp"
#include "http/router.hpp"
#include "runtime/error_response.hpp"
#include "security/key_store.hpp"
#include "security/ulid.hpp"

namespace bulkhead::host {
namespace {

/// Nothing when nobody listens: no host runs on this data folder.
std::optional<Poco::Net::StreamSocket> connect(const std::filesystem::path& file) {
  Poco::Net::StreamSocket socket;
  try {
    socket.connect(Poco::Net::SocketAddress{Poco::Net::SocketAddress::UNIX_LOCAL, file.string()});
    return socket;
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

HttpResponse exchange(const Poco::Net::StreamSocket& socket, const std::string& method,
                      const std::string& path, const std::string& body,
                      std::chrono::seconds timeout) {
  Poco::Net::HTTPClientSession session{socket};
  session.setTimeout(Poco::Timespan{static_cast<long>(timeout.count()), 0});
  Poco::Net::HTTPRequest request{method, path, Poco::Net::HTTPMessage::HTTP_1_1};
  request.set("Host", "admin");
  if (!body.empty()) request.setContentType("application/json");
  request.setContentLength64(static_cast<Poco::Int64>(body.size()));
  session.sendRequest(request) << body;
  Poco::Net::HTTPResponse answer;
  std::istream& stream = session.receiveResponse(answer);
  HttpResponse response;
  response.status = answer.getStatus();
  Poco::StreamCopier::copyToString(stream, response.body);
  return response;
}

/// What a request of this process looks like to a route.
HttpRequest requestOf(const std::string& method, const std::string& path, const std::string& body) {
  const Poco::URI uri{path};
  HttpRequest request;
  request.method = method;
  request.path = uri.getPath();
  for (const auto& [name, value] : uri.getQueryParameters())
    request.query.emplace_back(name, value);
  request.body = body;
  request.peer.address = fmt::format("unix:{}", getuid());
  request.request_id = makeUlid();
  return request;
}

}  // namespace

HttpResponse AdminClient::call(const std::string& method, const std::string& path,
                               const std::string& body) const {
  if (auto response = overSocket(method, path, body, kTimeout)) return std::move(*response);
  return onStore(method, path, body);
}

HttpResponse AdminClient::callRunning(const std::string& method, const std::string& path,
                                      const std::string& body, std::chrono::seconds timeout) const {
  if (auto response = overSocket(method, path, body, timeout)) return std::move(*response);
  throw Error::app("NOT_RUNNING", fmt::format("No host answers on {}.",
                                              (settings_.paths.data_dir / kAdminSocket).string()));
}

bool AdminClient::isHostRunning() const {
  return connect(settings_.paths.data_dir / kAdminSocket).has_value();
}

std::optional<HttpResponse> AdminClient::overSocket(const std::string& method,
                                                    const std::string& path,
                                                    const std::string& body,
                                                    std::chrono::seconds timeout) const {
  const auto file = settings_.paths.data_dir / kAdminSocket;
  const auto socket = connect(file);
  if (!socket) return std::nullopt;
  try {
    return exchange(*socket, method, path, body, timeout);
  } catch (const Poco::Exception& error) {
    throw Error::app("ADMIN_SOCKET", fmt::format("The host on {} did not answer: {}", file.string(),
                                                 error.displayText()));
  }
}

/// A mistyped folder must not become a second installation: commands make files, and no folders.
void AdminClient::requireFolders(const std::filesystem::path& store, bool may_make) const {
  for (const auto& folder : {settings_.paths.data_dir, store.parent_path()}) {
    if (std::filesystem::is_directory(folder)) continue;
    throw Error::configuration(
        "DATA_DIR", fmt::format("There is no data folder {}. Start the host once, make the folder, "
                                "or mend DATA_DIR.",
                                folder.string()));
  }
  if (may_make || std::filesystem::exists(store)) return;
  throw Error::app("NO_STORE", fmt::format("There is no {} yet.", store.string()));
}

HttpResponse AdminClient::onStore(const std::string& method, const std::string& path,
                                  const std::string& body) const {
  const data::StoreOptions options = storeOptions(settings_, "host");
  const bool is_file = data::engineOf(options) == data::Engine::Sqlite;
  const std::string place = is_file ? data::fileOf(options).string() : "The database";
  if (is_file) requireFolders(data::fileOf(options), method != "GET");
  const auto store = data::openStore(options);
  KeyStore keys{*store, {.snapshot = settings_.paths.data_dir / "keys.snapshot", .now_us = {}}};
  if (!keys.refresh()) {
    throw Error::app("STORE_AWAY",
                     fmt::format("{} cannot be opened; is it in use, or no database?", place));
  }
  AdminAudit audit{*store, settings_.paths.data_dir};
  HttpResponse response = answerOn(keys, audit, method, path, body);
  if (method != "GET") audit.seal();  // no host is there to do it
  return response;
}

HttpResponse AdminClient::answerOn(KeyStore& keys, AdminAudit& audit, const std::string& method,
                                   const std::string& path, const std::string& body) const {
  auto routes = keyRoutes(keys, [this] { return scopesOfInstalled(settings_); });
  for (auto& route : audit.routes()) routes.push_back(std::move(route));
  std::vector<RouteTable<HostRoute>::Route> all;
  all.reserve(routes.size());
  for (auto& route : routes) all.push_back({route.method, route.path, "host", route});
  const RouteTable<HostRoute> table{std::move(all)};
  HttpRequest request = requestOf(method, path, body);
  const auto match = table.match(method, request.path);
  if (match.value == nullptr)
    throw Error::app("NOT_RUNNING", "Only a running host can answer this.");
  request.path_parameters = match.parameters;
  try {
    return match.value->answer(request);
  } catch (const Error& error) {
    return errorResponse(error, {});
  }
}

}  // namespace bulkhead::host
