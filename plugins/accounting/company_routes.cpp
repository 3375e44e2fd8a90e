#include "company_routes.hpp"

#include <bulkhead/versioned.hpp>

#include "account_store.hpp"
#include "body.hpp"
#include "chart.hpp"
#include "date.hpp"

namespace accounting {
namespace {

using bulkhead::Error;
using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

constexpr std::string_view kCompany =
    R"({"type":"object","properties":{"country":{"type":"string"},"template":{"type":"string"},
        "base_currency":{"type":"string"},"version":{"type":"integer"},
        "created_at":{"type":"string"},"updated_at":{"type":"string"}}})";

std::string setupSchema() {
  std::string names;
  for (const auto& name : chartNames()) names += (names.empty() ? "\"" : ",\"") + name + '"';
  return R"({"type":"object","additionalProperties":false,"required":["country","template"],)"
         R"("properties":{"country":{"type":"string","maxLength":2,"pattern":"^[A-Z]{2}$"},)"
         R"("template":{"type":"string","enum":[)" +
         names + R"(]},"base_currency":{"type":"string","maxLength":3,"pattern":"^[A-Z]{3}$"}}})";
}

Response answer(int status, const Company& company) {
  return bulkhead::versioned(status, company.version, [&](JsonWriter& out) {
    out.object("country", company.country, "template", company.chart, "base_currency",
               company.base_currency, "version", company.version, "created_at",
               formatInstant(company.created_at), "updated_at", formatInstant(company.updated_at));
  });
}

std::string currencyFor(const nlohmann::json& body, const std::string& country) {
  if (body.contains("base_currency")) return body.at("base_currency").get<std::string>();
  auto known = currencyOf(country);
  if (!known) {
    throw Error::validation("VALIDATION_ERROR", "The currency of \"" + country +
                                                    "\" is not known here; send base_currency.");
  }
  return std::move(*known);
}

}  // namespace

CompanyRoutes::CompanyRoutes(bulkhead::Registrar& host, const PaymentPostings& payments)
    : host_{host.host()}, payments_{payments} {
  host.route({.method = "POST",
              .path = "/company/setup",
              .scope = "accounting:configure",
              .summary = "Begins the tenant's books with a chart of accounts from a template",
              .request = setupSchema(),
              .response = kCompany,
              .success = 201,
              .errors = {"DUPLICATE"},
              .example = R"({"country":"US","template":"services"})",
              .idempotency = bulkhead::Idempotency::Required},
             [this](const Request& request, Transaction& write) { return setUp(request, write); });
  host.route({.method = "GET",
              .path = "/company",
              .scope = "accounting:read",
              .summary = "Shows the tenant's company",
              .response = kCompany,
              .errors = {"COMPANY_NOT_SET_UP"}},
             [](const Request& request, ReadTransaction& read) {
               return answer(200, AccountStore::requireCompany(read, request.tenant()));
             });
}

Response CompanyRoutes::setUp(const Request& request, Transaction& write) const {
  if (AccountStore::company(write, request.tenant())) {
    throw Error::conflict("DUPLICATE", "The company has its chart of accounts already.");
  }
  const auto body = bodyOf(request);
  const std::int64_t now = nowSeconds(host_);
  Company company;
  company.country = body.at("country").get<std::string>();
  company.chart = body.at("template").get<std::string>();
  company.base_currency = currencyFor(body, company.country);
  company.created_at = company.updated_at = now;
  AccountStore::insertCompany(write, request.tenant(), company);
  for (const ChartAccount& one : *chartNamed(company.chart)) {
    Account account{host_.newId(), one.code, one.name, one.type, one.role};
    account.created_at = account.updated_at = now;
    AccountStore::insert(write, request.tenant(), account);
  }
  payments_.retrySoon(write, request.tenant(), PaymentPostings::Change::CompanySetUp);
  return answer(201, company);
}

}  // namespace accounting
