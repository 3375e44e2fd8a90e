#include "connection_routes.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <bulkhead/json_fields.hpp>
#include <bulkhead/recovery.hpp>

namespace plaid {
namespace {

using bulkhead::JsonWriter;
using bulkhead::Recovery;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::textIn;
using Json = nlohmann::json;

constexpr std::string_view kLinkOrder =
    R"({"type":"object","required":["user"],"additionalProperties":false,"properties":{
        "user":{"type":"string","minLength":1,"maxLength":100,"description":"Your own id of who connects a bank."},
        "connection":{"type":"string","minLength":1,"maxLength":255,"description":"One that has to be renewed."},
        "language":{"type":"string","minLength":2,"maxLength":10},
        "countries":{"type":"array","minItems":1,"maxItems":20,"items":{"type":"string","minLength":2,"maxLength":2}}}})";
constexpr std::string_view kLinkToken =
    R"({"type":"object","required":["token","expires_at"],"properties":{
        "token":{"type":"string","description":"What Plaid Link begins with."},"expires_at":{"type":"string"}}})";
constexpr std::string_view kPublicToken =
    R"({"type":"object","required":["public_token"],"additionalProperties":false,"properties":{
        "public_token":{"type":"string","minLength":1,"maxLength":500,"description":"What Plaid Link ended with."}}})";
constexpr std::string_view kConnection =
    R"({"type":"object","required":["id","state"],"properties":{
        "id":{"type":"string"},"state":{"enum":["active","needs_attention","revoked"]},"reason":{"type":"string"}}})";
constexpr std::string_view kConnections =
    R"({"type":"object","required":["data"],"properties":{"data":{"type":"array","items":{"type":"object",
        "required":["id","state"],"properties":{"id":{"type":"string"},
        "state":{"enum":["active","needs_attention","revoked"]},"reason":{"type":"string"}}}}}})";
constexpr std::string_view kAccountsQuery =
    R"({"type":"object","properties":{"balances":{"enum":["true","false"],"default":"false",
        "description":"Ask the bank for balances, which takes up to a minute."}}})";
constexpr std::string_view kAccounts =
    R"({"type":"object","required":["accounts"],"properties":{"accounts":{"type":"array","items":{"type":"object",
        "required":["id","name","kind","currency"],"properties":{"id":{"type":"string"},"name":{"type":"string"},
        "mask":{"type":"string"},"kind":{"enum":["checking","savings","credit","loan","other"]},
        "currency":{"type":"string"},"balance":{"type":"integer","description":"In minor units; what is owed is negative."}}}}}})";

constexpr std::int64_t kConnectionsMax = 500;

std::vector<std::string_view> errorsWith(std::vector<std::string_view> own) {
  for (const std::string_view code :
       {"NOT_CONFIGURED", "PROVIDER_UNREACHABLE", "PROVIDER_RATE_LIMITED", "PROVIDER_KEY_REFUSED",
        "PROVIDER_REFUSED", "PROVIDER_FAILED", "PROVIDER_ANSWER_INVALID"})
    own.push_back(code);
  return own;
}

LinkOrder linkOrderFrom(const Json& request) {
  LinkOrder order;
  order.user = textIn(request, "user");
  order.language = textIn(request, "language");
  for (const Json& country : bulkhead::arrayIn(request, "countries"))
    order.countries.push_back(country.get<std::string>());
  return order;
}

std::string linkToken(const Connections& connections, const Request& request) {
  const Json order = Json::parse(request.body());
  const LinkToken token = connections.begin({request.context(), request.tenant()},
                                            linkOrderFrom(order), textIn(order, "connection"));
  return bulkhead::toJson(
      [&](JsonWriter& out) { out.object("token", token.token, "expires_at", token.expires_at); });
}

void write(JsonWriter& out, const Connection& connection) {
  out.beginObject();
  out.member("id", connection.id);
  out.member("state", connection.state);
  if (!connection.reason.empty()) out.member("reason", connection.reason);
  out.endObject();
}

/// The token is exchanged in one step and kept in the next: what came back survives a crash between
/// the two, sealed as in the store.
Response connect(const Connections& connections, const Request& request, Recovery& recovery) {
  const Connections::Caller caller{request.context(), request.tenant()};
  const std::string exchanged = recovery.call("exchanged", [&] {
    const Connection made =
        connections.exchange(caller, textIn(Json::parse(request.body()), "public_token"));
    return bulkhead::toJson([&](JsonWriter& out) {
      out.object("id", made.id, "token", made.token, "created_us", made.created_us);
    });
  });
  const std::string id = recovery.commit("kept", [&](bulkhead::Transaction& transaction) {
    const Json made = Json::parse(exchanged);
    Connection connection{textIn(made, "id"), std::string{request.tenant()}, textIn(made, "token")};
    connection.created_us = made.at("created_us").get<std::int64_t>();
    keepConnection(transaction, connection);
    return connection.id;
  });
  return Response::json(201, [&](JsonWriter& out) { out.object("id", id, "state", "active"); });
}

void provideCalls(bulkhead::Registrar& host, const Connections& connections) {
  constexpr std::string_view kBankFeed = "bank-feed/1";
  host.provide(kBankFeed, "begin_connection",
               [&connections](const Request& call) { return linkToken(connections, call); });
  host.provide(kBankFeed, "complete_connection", [&connections](const Request& call) {
    const Connections::Caller caller{call.context(), call.tenant()};
    const Connection made =
        connections.exchange(caller, textIn(Json::parse(call.body()), "public_token"));
    connections.keep(caller, made);
    return bulkhead::toJson([&](JsonWriter& out) { out.object("connection", made.id); });
  });
  host.provide(kBankFeed, "list_accounts", [&connections](const Request& call) {
    const Json request = Json::parse(call.body());
    return toJson(connections.accounts({call.context(), call.tenant()},
                                       textIn(request, "connection"),
                                       request.value("with_balances", false)));
  });
  host.provide(kBankFeed, "read_transactions", [&connections](const Request& call) {
    const Json request = Json::parse(call.body());
    return toJson(connections.transactions({call.context(), call.tenant()},
                                           textIn(request, "connection"), textIn(request, "cursor"),
                                           request.value("limit", std::int64_t{100})));
  });
  host.provide(kBankFeed, "remove_connection", [&connections](const Request& call) -> std::string {
    connections.remove({call.context(), call.tenant()},
                       textIn(Json::parse(call.body()), "connection"));
    return "{}";
  });
}

void addReadingRoutes(bulkhead::Registrar& host, const Connections& connections) {
  host.route({.method = "GET",
              .path = "/connections",
              .scope = "plaid:read",
              .summary = "Lists the tenant's connections with banks, newest first",
              .response = kConnections},
             [](const Request& request, bulkhead::ReadTransaction& snapshot) {
               const auto all = listConnections(snapshot, request.tenant(), kConnectionsMax);
               return Response::json([&](JsonWriter& out) {
                 out.beginObject();
                 out.key("data");
                 out.array(all, &write);
                 out.endObject();
               });
             });
  host.route({.method = "GET",
              .path = "/connections/{id}/accounts",
              .scope = "plaid:read",
              .summary = "Lists the accounts of a connection",
              .query = kAccountsQuery,
              .response = kAccounts,
              .errors = errorsWith({"CONNECTION_NOT_FOUND", "CONNECTION_EXPIRED"}),
              .deadline = std::chrono::seconds{60}},
             [&connections](const Request& request) {
               return Response::jsonText(
                   200, toJson(connections.accounts(
                            {request.context(), request.tenant()}, request.param("id"),
                            request.query("balances").value_or("false") == "true")));
             });
}

}  // namespace

void addConnectionRoutes(bulkhead::Registrar& host, const Connections& connections) {
  provideCalls(host, connections);
  addReadingRoutes(host, connections);
  host.route({.method = "POST",
              .path = "/link-tokens",
              .scope = "plaid:write",
              .summary = "Begins to connect a bank: Plaid Link goes on with the token",
              .request = kLinkOrder,
              .response = kLinkToken,
              .success = 201,
              .errors = errorsWith({"CONNECTION_NOT_FOUND"}),
              .example = R"({"user":"u-7"})"},
             [&connections](const Request& request) {
               return Response::jsonText(201, linkToken(connections, request));
             });
  host.route(
      {.method = "POST",
       .path = "/connections",
       .scope = "plaid:write",
       .summary = "Makes a connection of what Plaid Link ended with",
       .request = kPublicToken,
       .response = kConnection,
       .success = 201,
       .errors = errorsWith({"TOKEN_NOT_ACCEPTED", "CONNECTION_TAKEN", "PROVIDER_AMBIGUOUS"}),
       .example = R"({"public_token":"public-sandbox-1"})",
       .idempotency = bulkhead::Idempotency::Required,
       .recovery_points = {"exchanged", "kept"}},
      [&connections](const Request& request, Recovery& recovery) {
        return connect(connections, request, recovery);
      });
}

}  // namespace plaid
