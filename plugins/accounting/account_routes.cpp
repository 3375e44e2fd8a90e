#include "account_routes.hpp"

#include <bulkhead/page.hpp>
#include <bulkhead/versioned.hpp>

#include "account_store.hpp"
#include "amount.hpp"
#include "body.hpp"
#include "chart.hpp"
#include "query.hpp"

namespace accounting {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

constexpr std::string_view kTypes = R"("asset","liability","equity","income","expense")";

std::string members() {
  return R"("code":{"type":"string","minLength":1,"maxLength":20,"pattern":"^[0-9A-Za-z.-]+$"},)"
         R"("name":{"type":"string","minLength":1,"maxLength":200},)"
         R"("type":{"type":"string","enum":[)" +
         std::string{kTypes} + R"(]},"role":{"type":["string","null"],"enum":[null,)" +
         std::string{kRoles} + R"(]},"active":{"type":"boolean"})";
}

std::string bodySchema(std::string_view required) {
  return R"({"type":"object","additionalProperties":false,"minProperties":1,"required":[)" +
         std::string{required} + R"(],"properties":{)" + members() + "}}";
}

std::string accountSchema() {
  return R"({"type":"object","properties":{"id":{"type":"string"},)" + members() +
         R"(,"version":{"type":"integer"},"created_at":{"type":"string"},)"
         R"("updated_at":{"type":"string"}}})";
}

std::string listQuery() {
  return R"({"type":"object","properties":{"type":{"type":"string","enum":[)" +
         std::string{kTypes} + R"(]},"role":{"type":"string","enum":[)" + std::string{kRoles} +
         R"(]},"active":{"type":"boolean"},)"
         R"("updated_since":{"type":"string","maxLength":20},)"
         R"("limit":{"type":"integer","minimum":1,"maximum":200},)"
         R"("cursor":{"type":"string","maxLength":20}}})";
}

constexpr std::string_view kBalanceQuery =
    R"({"type":"object","properties":{"as_of":{"type":"string","maxLength":10}}})";
constexpr std::string_view kBalance =
    R"({"type":"object","properties":{"account":{"type":"string"},"as_of":{"type":"string"},
        "balance":{"type":"object","properties":{"amount":{"type":["integer","string"]},
        "currency":{"type":"string"}}}}})";

void write(JsonWriter& out, const Account& account) {
  out.object("id", account.id, "code", account.code, "name", account.name, "type", account.type,
             "role", account.role, "active", account.active, "version", account.version,
             "created_at", formatInstant(account.created_at), "updated_at",
             formatInstant(account.updated_at));
}

auto writer(const Account& account) {
  return [&account](JsonWriter& out) { write(out, account); };
}

Response answer(int status, const Account& account) {
  return bulkhead::versioned(status, account.version, writer(account));
}

Account get(ReadTransaction& read, const Request& request) {
  auto found = AccountStore::find(read, request.tenant(), request.param("id"));
  if (!found) throw notFound("account", request.param("id"));
  return std::move(*found);
}

void fillFrom(const nlohmann::json& body, Account& account) {
  take(body, "code", account.code);
  take(body, "name", account.name);
  take(body, "type", account.type);
  take(body, "role", account.role);
  take(body, "active", account.active);
}

void requireUnique(ReadTransaction& read, std::string_view tenant, const Account& account) {
  const auto same_code = AccountStore::findByCode(read, tenant, account.code);
  if (same_code && same_code->id != account.id) {
    throw Error::conflict("DUPLICATE", "Another account has the code " + account.code + ".");
  }
  if (!account.role) return;
  const auto same_role = AccountStore::findByRole(read, tenant, *account.role);
  if (same_role && same_role->id != account.id) {
    throw Error::conflict("DUPLICATE", "Account " + same_role->code + " has the role " +
                                           *account.role + "; an account's role is its alone.");
  }
}

}  // namespace

AccountRoutes::AccountRoutes(bulkhead::Registrar& host, const PaymentPostings& payments)
    : host_{host.host()}, payments_{payments} {
  readingRoutes(host);
  writingRoutes(host);
}

void AccountRoutes::readingRoutes(bulkhead::Registrar& host) {
  host.route({.method = "GET",
              .path = "/accounts",
              .scope = "accounting:read",
              .summary = "Lists accounts by code",
              .query = listQuery(),
              .response = bulkhead::pageSchema(accountSchema())},
             [this](const Request& request, ReadTransaction& read) { return list(request, read); });
  host.route({.method = "GET",
              .path = "/accounts/{id}",
              .scope = "accounting:read",
              .summary = "Shows an account",
              .response = accountSchema(),
              .errors = {"NOT_FOUND"}},
             [](const Request& request, ReadTransaction& read) {
               return answer(200, get(read, request));
             });
  host.route(
      {.method = "GET",
       .path = "/accounts/{id}/balance",
       .scope = "accounting:read",
       .summary = "Sums what was posted to an account up to a day",
       .query = kBalanceQuery,
       .response = kBalance,
       .errors = {"NOT_FOUND"}},
      [this](const Request& request, ReadTransaction& read) { return balance(request, read); });
}

void AccountRoutes::writingRoutes(bulkhead::Registrar& host) {
  host.route({.method = "POST",
              .path = "/accounts",
              .scope = "accounting:configure",
              .summary = "Makes an account",
              .request = bodySchema(R"("code","name","type")"),
              .response = accountSchema(),
              .success = 201,
              .errors = {"DUPLICATE", "COMPANY_NOT_SET_UP"},
              .example = R"({"code":"6400","name":"Training","type":"expense"})",
              .idempotency = bulkhead::Idempotency::Required},
             [this](const Request& request, Transaction& write) { return create(request, write); });
  host.route({.method = "PATCH",
              .path = "/accounts/{id}",
              .scope = "accounting:configure",
              .summary = "Changes members of an account; its type only while nothing names it",
              .request = bodySchema({}),
              .response = accountSchema(),
              .errors = {"NOT_FOUND", "DUPLICATE", "ACCOUNT_IN_USE", "VERSION_CONFLICT"},
              .example = R"({"name":"Training and books"})",
              .if_match = true},
             [this](const Request& request, Transaction& write) { return patch(request, write); });
  host.route({.method = "DELETE",
              .path = "/accounts/{id}",
              .scope = "accounting:configure",
              .summary = "Deletes an account that no entry names",
              .success = 204,
              .errors = {"NOT_FOUND", "ACCOUNT_IN_USE", "VERSION_CONFLICT"},
              .if_match = true},
             [this](const Request& request, Transaction& write) { return remove(request, write); });
}

Response AccountRoutes::list(const Request& request, ReadTransaction& read) const {
  const std::size_t limit = bulkhead::pageLimit(request);
  AccountStore::Filter filter;
  filter.type = request.query("type");
  filter.role = request.query("role");
  filter.active = request.query("active");
  filter.updated_since = updatedSince(request);
  filter.after = request.query("cursor").value_or(std::string_view{});
  filter.limit = limit + 1;
  return bulkhead::page(AccountStore::list(read, request.tenant(), filter), limit, write,
                        [](const Account& last) { return last.code; });
}

Response AccountRoutes::balance(const Request& request, ReadTransaction& read) const {
  const Account account = get(read, request);
  const std::string as_of = dayAsked(request, host_);
  const auto company = AccountStore::requireCompany(read, request.tenant());
  const auto amount = AccountStore::balance(read, request.tenant(), account.id, as_of);
  return Response::json([&](JsonWriter& out) {
    out.object("account", account.id, "as_of", as_of, "balance", [&](JsonWriter& money) {
      money.object(
          "amount", [&](JsonWriter& value) { writeAmount(value, amount); }, "currency",
          company.base_currency);
    });
  });
}

Response AccountRoutes::create(const Request& request, Transaction& write) const {
  AccountStore::requireCompany(write, request.tenant());
  Account account;
  fillFrom(bodyOf(request), account);
  account.id = host_.newId();
  account.created_at = account.updated_at = nowSeconds(host_);
  requireUnique(write, request.tenant(), account);
  AccountStore::insert(write, request.tenant(), account);
  retryAfter(write, request.tenant(), {}, account);
  return answer(201, account);
}

void AccountRoutes::retryAfter(Transaction& write, std::string_view tenant, const Account& before,
                               const Account& account) const {
  using Change = PaymentPostings::Change;
  if (account.role && account.role != before.role) {
    payments_.retrySoon(write, tenant, Change::RoleGiven);
  }
  if (account.active && !before.active) {
    payments_.retrySoon(write, tenant, Change::AccountActivated);
  }
}

Response AccountRoutes::patch(const Request& request, Transaction& write) const {
  const Account before = get(write, request);
  bulkhead::requireMatch(request, before.version, writer(before));
  Account account = before;
  fillFrom(bodyOf(request), account);
  if (account == before) return answer(200, before);
  if (account.type != before.type && AccountStore::isUsed(write, request.tenant(), account.id)) {
    throw Error::conflict("ACCOUNT_IN_USE",
                          "Entries name this account: another type would change what they say.");
  }
  requireUnique(write, request.tenant(), account);
  ++account.version;
  account.updated_at = nowSeconds(host_);
  AccountStore::update(write, request.tenant(), account);
  retryAfter(write, request.tenant(), before, account);
  return answer(200, account);
}

Response AccountRoutes::remove(const Request& request, Transaction& write) const {
  const Account account = get(write, request);
  bulkhead::requireMatch(request, account.version, writer(account));
  if (AccountStore::isUsed(write, request.tenant(), account.id)) {
    throw Error::conflict("ACCOUNT_IN_USE",
                          "Entries name this account; make it inactive (PATCH) instead.");
  }
  AccountStore::erase(write, request.tenant(), account.id);
  return Response::noContent();
}

}  // namespace accounting
