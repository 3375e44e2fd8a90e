#include "payment_news.hpp"

#include <nlohmann/json.hpp>

#include <bulkhead/error.hpp>

#include "account_store.hpp"
#include "date.hpp"
#include "journal_store.hpp"

namespace accounting {
namespace {

using bulkhead::Error;
using bulkhead::ReadTransaction;
using nlohmann::json;

/// The account that has `role`. Throws NO_ACCOUNT_FOR_ROLE.
std::string accountOf(ReadTransaction& read, std::string_view tenant, std::string_view role) {
  auto found = AccountStore::findByRole(read, tenant, role);
  if (!found) {
    throw Error::conflict("NO_ACCOUNT_FOR_ROLE",
                          "No account has the role " + std::string{role} + ".");
  }
  return std::move(found->id);
}

/// What all entries for a payment have in common.
JournalEntry entryFor(const json& said, EntrySource source) {
  JournalEntry entry;
  entry.date = said.at("occurred_at").get<std::string>().substr(0, 10);
  requireDate("occurred_at", entry.date);
  entry.currency = said.at("currency").get<std::string>();
  entry.source = std::move(source);
  entry.created_by = kPayments;
  entry.memo = entry.source->kind + ' ' + entry.source->id;
  if (said.contains("reference")) entry.memo += " for " + said.at("reference").get<std::string>();
  return entry;
}

std::optional<JournalEntry> chargeOf(ReadTransaction& read, std::string_view tenant,
                                     const std::string& payment, const json& said) {
  EntrySource source{"payment", payment, "charge"};
  const auto amount = said.at("amount").get<std::int64_t>();
  const auto fee = said.value("fee", std::int64_t{0});
  if (amount == 0 || JournalStore::findBySource(read, tenant, source)) return std::nullopt;
  AccountStore::requireCompany(read, tenant);
  const auto clearing = accountOf(read, tenant, "stripe_clearing");
  JournalEntry entry = entryFor(said, std::move(source));
  entry.lines = {{clearing, amount}, {accountOf(read, tenant, "receivable"), -amount}};
  if (fee != 0) {
    entry.lines.push_back({accountOf(read, tenant, "payment_fees"), fee});
    entry.lines.push_back({clearing, -fee});
  }
  return entry;
}

/// The event says how much has been given back in all; what earlier ones said is posted already.
std::optional<JournalEntry> refundOf(ReadTransaction& read, std::string_view tenant,
                                     const std::string& payment, const json& said) {
  const auto total = said.at("amount_refunded").get<std::int64_t>();
  AccountStore::requireCompany(read, tenant);
  if (!JournalStore::findBySource(read, tenant, {"payment", payment, "charge"})) {
    throw Error::conflict("PAYMENT_NOT_POSTED", "Payment " + payment + " has no entry yet.");
  }
  const auto amount = total - JournalStore::refundedOf(read, tenant, payment);
  EntrySource source{"payment", payment, "refund_to_" + std::to_string(total)};
  if (amount <= 0 || JournalStore::findBySource(read, tenant, source)) return std::nullopt;
  JournalEntry entry = entryFor(said, std::move(source));
  entry.lines = {{accountOf(read, tenant, "receivable"), amount},
                 {accountOf(read, tenant, "stripe_clearing"), -amount}};
  return entry;
}

}  // namespace

std::optional<JournalEntry> entryOf(ReadTransaction& read, std::string_view tenant,
                                    const PaymentNews& news) {
  const json said = json::parse(news.body);
  return news.kind == kCharge ? chargeOf(read, tenant, news.payment, said)
                              : refundOf(read, tenant, news.payment, said);
}

}  // namespace accounting
