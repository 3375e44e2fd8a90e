#include "payment_postings.hpp"

#include <nlohmann/json.hpp>

#include "account_store.hpp"
#include "date.hpp"
#include "journal_store.hpp"

namespace accounting {
namespace {

using bulkhead::Error;
using bulkhead::Message;
using bulkhead::ReadTransaction;
using bulkhead::Transaction;
using nlohmann::json;

constexpr std::string_view kPayments = "payments/1";

/// The account that has `role`. Throws NO_ACCOUNT_FOR_ROLE.
std::string accountOf(ReadTransaction& read, std::string_view tenant, std::string_view role) {
  auto found = AccountStore::findByRole(read, tenant, role);
  if (!found) {
    throw Error::conflict("NO_ACCOUNT_FOR_ROLE",
                          "No account has the role " + std::string{role} + ".");
  }
  return std::move(found->id);
}

/// What all entries for an event have in common.
JournalEntry entryFor(const json& payment, EntrySource source) {
  JournalEntry entry;
  entry.date = payment.at("occurred_at").get<std::string>().substr(0, 10);
  entry.currency = payment.at("currency").get<std::string>();
  entry.source = std::move(source);
  entry.created_by = kPayments;
  entry.memo = entry.source->kind + ' ' + entry.source->id;
  if (payment.contains("reference")) {
    entry.memo += " for " + payment.at("reference").get<std::string>();
  }
  return entry;
}

std::string idOf(const json& payment) {
  return payment.at("id").get<std::string>();
}

}  // namespace

PaymentPostings::PaymentPostings(bulkhead::Registrar& host, const Journal& journal)
    : host_{host.host()}, journal_{journal} {
  host.onEvent(kPayments, "payment_succeeded",
               [this](const Message& event, Transaction& write) { onSucceeded(event, write); });
  host.onEvent(kPayments, "payment_refunded",
               [this](const Message& event, Transaction& write) { onRefunded(event, write); });
}

void PaymentPostings::onSucceeded(const Message& event, Transaction& write) const {
  if (!isSomeones(event)) return;
  const json payment = json::parse(event.body());
  const auto amount = payment.at("amount").get<std::int64_t>();
  const auto fee = payment.value("fee", std::int64_t{0});
  if (amount == 0) return;
  AccountStore::requireCompany(write, event.tenant());
  const auto clearing = accountOf(write, event.tenant(), "stripe_clearing");
  JournalEntry entry = entryFor(payment, {"payment", idOf(payment), "charge"});
  entry.lines = {{clearing, amount}, {accountOf(write, event.tenant(), "receivable"), -amount}};
  if (fee != 0) {
    entry.lines.push_back({accountOf(write, event.tenant(), "payment_fees"), fee});
    entry.lines.push_back({clearing, -fee});
  }
  post(event, write, std::move(entry));
}

/// The event says how much has been given back in all; what earlier ones said is posted already.
void PaymentPostings::onRefunded(const Message& event, Transaction& write) const {
  if (!isSomeones(event)) return;
  const json payment = json::parse(event.body());
  const auto total = payment.at("amount_refunded").get<std::int64_t>();
  const std::string id = idOf(payment);
  AccountStore::requireCompany(write, event.tenant());
  if (!JournalStore::findBySource(write, event.tenant(), {"payment", id, "charge"})) {
    throw Error::conflict("PAYMENT_NOT_POSTED", "Payment " + id + " has no entry yet.");
  }
  const auto amount = total - JournalStore::refundedOf(write, event.tenant(), id);
  if (amount <= 0) return;
  JournalEntry entry = entryFor(payment, {"payment", id, "refund_to_" + std::to_string(total)});
  entry.lines = {{accountOf(write, event.tenant(), "receivable"), amount},
                 {accountOf(write, event.tenant(), "stripe_clearing"), -amount}};
  post(event, write, std::move(entry));
}

bool PaymentPostings::isSomeones(const Message& event) const {
  if (!event.tenant().empty()) return true;
  host_.warn("A payment of no tenant is not posted", "event", event.id());
  return false;
}

void PaymentPostings::post(const Message& event, Transaction& write, JournalEntry entry) const {
  if (JournalStore::findBySource(write, event.tenant(), *entry.source)) return;
  journal_.record(write, event.tenant(), std::move(entry));
}

}  // namespace accounting
