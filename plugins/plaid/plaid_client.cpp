#include "plaid_client.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/list_setting.hpp>
#include <bulkhead/provider_error.hpp>
#include <bulkhead/url.hpp>

namespace plaid {
namespace {

using bulkhead::Context;
using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::OutboundAnswer;
using bulkhead::OutboundRequest;
using bulkhead::textIn;
using Json = nlohmann::json;
namespace provider = bulkhead::provider;

constexpr std::string_view kPlaid = "Plaid";
constexpr std::string_view kExchange = "/item/public_token/exchange";
constexpr std::string_view kSync = "/transactions/sync";
constexpr std::chrono::seconds kBalancesMax{60};  // Plaid waits for the bank there
constexpr std::chrono::seconds kOthersMax{30};

void writeList(JsonWriter& out, std::string_view name, const std::vector<std::string>& items) {
  out.key(name);
  out.array(items, [](JsonWriter& one, const std::string& item) { one.value(item); });
}

template <std::size_t N>
bool isOneOf(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// What Plaid says is wrong. The type and the code decide, the status does not.
struct Refusal {
  std::string type, code, message;

  static Refusal of(const std::string& body) {
    const Json document = bulkhead::readJson(body);
    return {textIn(document, "error_type"), textIn(document, "error_code"),
            textIn(document, "error_message")};
  }
  std::string details() const {
    return bulkhead::toJson([&](JsonWriter& out) { out.object("type", type, "code", code); });
  }
};

Error errorAtItem(const Refusal& refusal, std::string_view path) {
  static constexpr std::array<std::string_view, 2> kGone{"INVALID_ACCESS_TOKEN", "ITEM_NOT_FOUND"};
  const bool reads = path == kSync || path.starts_with("/accounts/");
  if (path == kExchange)
    return Error::businessLogic("TOKEN_NOT_ACCEPTED", "Plaid does not take this public_token.");
  if (isOneOf(refusal.code, kGone))
    return Error::notFound("CONNECTION_NOT_FOUND", "There is no such connection.");
  if (path == kSync && refusal.code == "PRODUCT_NOT_READY")
    return Error::conflict("NOT_READY", "The bank's transactions are not there yet.")
        .withRetryAfter(30);
  if (path == kSync && refusal.code == "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION") {
    return Error::conflict("SYNC_RESTARTED",
                           "The transactions changed between two pages: drop the pages of this "
                           "update and begin again with the cursor of its first one.");
  }
  if (path == kSync && refusal.message.find("cursor") != std::string::npos)
    return Error::conflict("SYNC_CURSOR_EXPIRED",
                           "The cursor is no longer known: begin without one.");
  if (reads && refusal.type == "ITEM_ERROR") {
    return Error::conflict("CONNECTION_EXPIRED",
                           "The bank wants its customer to sign in again: renew the connection.");
  }
  return provider::refused(kPlaid);
}

Error errorOf(const OutboundAnswer& answer, const Refusal& refusal, std::string_view path) {
  static constexpr std::array<std::string_view, 4> kKeys{
      "INVALID_API_KEYS", "UNAUTHORIZED_ENVIRONMENT", "INVALID_CLIENT_ID", "INVALID_SECRET"};
  if (!answer.isAnswered()) return provider::errorFor(kPlaid, answer);
  if (refusal.type == "RATE_LIMIT_EXCEEDED")
    return provider::rateLimited(kPlaid, std::max(answer.retry_after_s, 5));
  if (isOneOf(refusal.code, kKeys)) return provider::keyRefused(kPlaid);
  if (refusal.type == "API_ERROR" || refusal.type == "INSTITUTION_ERROR") {
    if (refusal.code != "PRODUCT_NOT_READY") return provider::failed(kPlaid);
  }
  if (answer.status >= 400 && answer.status < 500 && answer.status != 401 && answer.status != 403 &&
      answer.status != 429 && !refusal.type.empty())
    return errorAtItem(refusal, path);
  return provider::errorFor(kPlaid, answer);
}

}  // namespace

Json PlaidClient::createLinkToken(const Context& context, const LinkOrder& order) const {
  std::string body = bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("client_name", settings_.client_name);
    out.member("language", order.language.empty() ? settings_.language : order.language);
    writeList(out, "country_codes",
              order.countries.empty() ? bulkhead::itemsOf(settings_.countries) : order.countries);
    out.key("user");
    out.object("client_user_id", order.user);
    // Plaid keeps the products of a connection that is renewed.
    if (order.access_token.empty()) {
      writeList(out, "products", bulkhead::itemsOf(settings_.products));
    } else {
      out.member("access_token", order.access_token);
    }
    if (!settings_.webhook_url.empty()) out.member("webhook", settings_.webhook_url);
    out.endObject();
  });
  return post(context, "/link/token/create", std::move(body), Repeat::Safe);
}

Json PlaidClient::exchange(const Context& context, std::string_view public_token) const {
  return post(context, kExchange,
              bulkhead::toJson([&](JsonWriter& out) { out.object("public_token", public_token); }),
              Repeat::Never);
}

Json PlaidClient::accounts(const Context& context, std::string_view access_token,
                           bool with_balances) const {
  return post(context, with_balances ? "/accounts/balance/get" : "/accounts/get",
              bulkhead::toJson([&](JsonWriter& out) { out.object("access_token", access_token); }),
              Repeat::Safe);
}

Json PlaidClient::sync(const Context& context, std::string_view access_token,
                       std::string_view cursor, std::int64_t count) const {
  std::string body = bulkhead::toJson([&](JsonWriter& out) {
    out.beginObject();
    out.member("access_token", access_token);
    if (!cursor.empty()) out.member("cursor", cursor);
    out.member("count", count);
    out.endObject();
  });
  return post(context, kSync, std::move(body), Repeat::Safe);
}

void PlaidClient::removeItem(const Context& context, std::string_view access_token) const {
  post(context, "/item/remove",
       bulkhead::toJson([&](JsonWriter& out) { out.object("access_token", access_token); }),
       Repeat::Safe);
}

Json PlaidClient::verificationKey(const Context& context, std::string_view id) const {
  return post(context, "/webhook_verification_key/get",
              bulkhead::toJson([&](JsonWriter& out) { out.object("key_id", id); }), Repeat::Safe);
}

void PlaidClient::check(const Context& context) const {
  post(context, "/institutions/get_by_id",
       R"({"institution_id":"ins_109508","country_codes":["US"]})", Repeat::Safe);
}

Json PlaidClient::post(const Context& context, std::string_view path, std::string body,
                       Repeat repeat) const {
  required_.require();
  OutboundRequest request;
  request.method = "POST";
  request.url = std::string{bulkhead::withoutSlash(settings_.base_url)} + std::string{path};
  request.headers = {{"Accept", "application/json"},
                     {"Content-Type", "application/json"},
                     {"PLAID-CLIENT-ID", settings_.client_id},
                     {"PLAID-SECRET", settings_.secret},
                     {"Plaid-Version", std::string{kApiVersion}}};
  request.body = std::move(body);
  request.operation = path;
  request.repeatable = repeat == Repeat::Safe;
  request.timeout = path == "/accounts/balance/get" ? kBalancesMax : kOthersMax;
  const OutboundAnswer answer = host_.send(context, request);
  if (!answer.isOk()) {
    const Refusal refusal = Refusal::of(answer.body);
    Error error = request.repeatable && answer.outcome == bulkhead::Outcome::Ambiguous
                      ? provider::unreachable(kPlaid)
                      : errorOf(answer, refusal, path);
    host_.warn("Plaid did not do what was asked", "operation", request.operation, "became",
               error.code(), "status", answer.status, "why", answer.code, "type", refusal.type,
               "plaid_code", refusal.code, "plaid_request",
               textIn(bulkhead::readJson(answer.body), "request_id"));
    if (error.details().empty() && !refusal.type.empty())
      throw std::move(error).withDetails(refusal.details());
    throw error;
  }
  Json document = bulkhead::readJson(answer.body);
  if (!document.is_object()) {
    host_.warn("Plaid's answer cannot be read", "operation", request.operation);
    throw provider::answerInvalid(kPlaid);
  }
  return document;
}

}  // namespace plaid
