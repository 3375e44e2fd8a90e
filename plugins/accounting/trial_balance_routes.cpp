#include "trial_balance_routes.hpp"

#include "account_store.hpp"
#include "amount.hpp"
#include "query.hpp"
#include "trial_balance_store.hpp"

namespace accounting {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;

constexpr std::string_view kQuery =
    R"({"type":"object","properties":{"as_of":{"type":"string","maxLength":10}}})";
constexpr std::string_view kReport =
    R"({"type":"object","properties":{"as_of":{"type":"string"},"currency":{"type":"string"},
        "accounts":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},
        "code":{"type":"string"},"name":{"type":"string"},"type":{"type":"string"},
        "debit":{"type":["integer","string"]},"credit":{"type":["integer","string"]}}}},
        "debit":{"type":["integer","string"]},"credit":{"type":["integer","string"]}}})";

auto amount(std::int64_t value) {
  return [value](JsonWriter& out) { writeAmount(out, value); };
}

void write(JsonWriter& out, const AccountTotal& total) {
  out.object("id", total.id, "code", total.code, "name", total.name, "type", total.type, "debit",
             amount(total.debit()), "credit", amount(total.credit()));
}

}  // namespace

TrialBalanceRoutes::TrialBalanceRoutes(bulkhead::Registrar& host) : host_{host.host()} {
  host.route({.method = "GET",
              .path = "/reports/trial-balance",
              .scope = "accounting:read",
              .summary = "Each account's balance on a day; debits and credits are equal",
              .query = kQuery,
              .response = kReport,
              .errors = {"COMPANY_NOT_SET_UP"}},
             [this](const Request& request, ReadTransaction& read) { return show(request, read); });
}

Response TrialBalanceRoutes::show(const Request& request, ReadTransaction& read) const {
  const std::string as_of = dayAsked(request, host_);
  const Company company = AccountStore::requireCompany(read, request.tenant());
  const TrialBalance balance =
      trialBalanceOf(TrialBalanceStore::totals(read, request.tenant(), as_of));
  return Response::json([&](JsonWriter& out) {
    out.object(
        "as_of", as_of, "currency", company.base_currency, "accounts",
        [&](JsonWriter& value) { value.array(balance.accounts, write); }, "debit",
        amount(balance.debit), "credit", amount(balance.credit));
  });
}

}  // namespace accounting
