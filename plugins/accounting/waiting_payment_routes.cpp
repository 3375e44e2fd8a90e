#include "waiting_payment_routes.hpp"

#include <nlohmann/json.hpp>

#include <bulkhead/page.hpp>
#include <bulkhead/versioned.hpp>

#include "account.hpp"
#include "date.hpp"
#include "waiting_payment_store.hpp"

namespace accounting {
namespace {

using bulkhead::JsonWriter;
using bulkhead::ReadTransaction;
using bulkhead::Request;
using bulkhead::Response;
using bulkhead::Transaction;

constexpr std::string_view kListQuery =
    R"({"type":"object","properties":{"payment":{"type":"string","maxLength":255},
        "code":{"type":"string","maxLength":64},
        "limit":{"type":"integer","minimum":1,"maximum":200},
        "cursor":{"type":"string","maxLength":80}}})";
constexpr std::string_view kWaiting =
    R"({"type":"object","properties":{"id":{"type":"string"},"payment":{"type":"string"},
        "kind":{"type":"string","enum":["charge","refund"]},"amount":{"type":"integer"},
        "currency":{"type":"string"},"reference":{"type":["string","null"]},
        "occurred_at":{"type":"string"},"reason":{"type":"object","properties":{
        "code":{"type":"string"},"message":{"type":"string"}}},"tries":{"type":"integer"},
        "tried_at":{"type":"string"},"received_at":{"type":"string"},
        "version":{"type":"integer"}}})";
constexpr std::string_view kPosted =
    R"({"type":"object","properties":{"entry":{"type":["string","null"],
        "description":"The posted entry; null when none was due any more."}}})";

/// The version counts the tries: each may change the reason.
void write(JsonWriter& out, const WaitingPayment& one) {
  const auto said = nlohmann::json::parse(one.news.body);
  const char* amount = one.news.kind == kCharge ? "amount" : "amount_refunded";
  std::optional<std::string> reference;
  if (said.contains("reference")) reference = said.at("reference").get<std::string>();
  out.object(
      "id", one.id, "payment", one.news.payment, "kind", one.news.kind, "amount",
      said.at(amount).get<std::int64_t>(), "currency", said.at("currency").get<std::string>(),
      "reference", reference, "occurred_at", said.at("occurred_at").get<std::string>(), "reason",
      [&](JsonWriter& reason) { reason.object("code", one.code, "message", one.message); }, "tries",
      one.tries, "tried_at", formatInstant(one.tried_at), "received_at",
      formatInstant(one.received_at), "version", one.tries);
}

auto writer(const WaitingPayment& one) {
  return [&one](JsonWriter& out) { write(out, one); };
}

WaitingPayment get(ReadTransaction& read, const Request& request) {
  auto found = WaitingPaymentStore::find(read, request.tenant(), request.param("id"));
  if (!found) throw notFound("waiting payment", request.param("id"));
  return std::move(*found);
}

Response list(const Request& request, ReadTransaction& read) {
  const std::size_t limit = bulkhead::pageLimit(request);
  WaitingPaymentStore::Filter filter;
  filter.payment = request.query("payment");
  filter.code = request.query("code");
  filter.limit = limit + 1;
  const auto cursor = request.query("cursor");
  if (cursor && !WaitingPaymentStore::readPlace(*cursor, filter)) throw cursorInvalid();
  return bulkhead::page(WaitingPaymentStore::list(read, request.tenant(), filter), limit, write,
                        WaitingPaymentStore::placeAfter);
}

Response show(const Request& request, ReadTransaction& read) {
  const WaitingPayment one = get(read, request);
  return bulkhead::versioned(200, one.tries, writer(one));
}

Response dismiss(const Request& request, Transaction& write) {
  const WaitingPayment one = get(write, request);
  bulkhead::requireMatch(request, one.tries, writer(one));
  WaitingPaymentStore::erase(write, request.tenant(), one.id);
  return Response::noContent();
}

}  // namespace

WaitingPaymentRoutes::WaitingPaymentRoutes(bulkhead::Registrar& host,
                                           const PaymentPostings& postings)
    : postings_{postings} {
  readingRoutes(host);
  writingRoutes(host);
}

void WaitingPaymentRoutes::readingRoutes(bulkhead::Registrar& host) {
  host.route({.method = "GET",
              .path = "/waiting-payments",
              .scope = "accounting:read",
              .summary = "Lists payments and refunds that the books could not take, the oldest "
                         "first",
              .query = kListQuery,
              .response = bulkhead::pageSchema(kWaiting),
              .errors = {"CURSOR_INVALID"}},
             list);
  host.route({.method = "GET",
              .path = "/waiting-payments/{id}",
              .scope = "accounting:read",
              .summary = "Shows one with the reason",
              .response = kWaiting,
              .errors = {"NOT_FOUND"}},
             show);
}

void WaitingPaymentRoutes::writingRoutes(bulkhead::Registrar& host) {
  host.route({.method = "POST",
              .path = "/waiting-payments/{id}/retry",
              .scope = "accounting:write",
              .summary = "Posts one now, or says why not",
              .response = kPosted,
              .errors = {"NOT_FOUND", "COMPANY_NOT_SET_UP", "CURRENCY_MISMATCH",
                         "NO_ACCOUNT_FOR_ROLE", "ACCOUNT_INACTIVE", "PAYMENT_NOT_POSTED"},
              .idempotency = bulkhead::Idempotency::Required},
             [this](const Request& request, Transaction& write) { return retry(request, write); });
  host.route({.method = "DELETE",
              .path = "/waiting-payments/{id}",
              .scope = "accounting:write",
              .summary = "Dismisses one, which was booked by hand or need not be",
              .success = 204,
              .errors = {"NOT_FOUND", "VERSION_CONFLICT"},
              .if_match = true},
             dismiss);
}

Response WaitingPaymentRoutes::retry(const Request& request, Transaction& write) const {
  const auto posted = postings_.post(write, request.tenant(), get(write, request));
  return Response::json(200, [&](JsonWriter& out) {
    out.object("entry", posted ? std::optional{posted->id} : std::nullopt);
  });
}

}  // namespace accounting
