#include "payment_postings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "date.hpp"

namespace accounting {
namespace {

using bulkhead::Error;
using bulkhead::ErrorKind;
using bulkhead::Message;
using bulkhead::ReadTransaction;
using bulkhead::Transaction;

/// Found in one transaction; each is tried in one of its own.
constexpr std::size_t kFoundAtOnce = 50;
constexpr std::size_t kReasonsTold = 5;
/// Of a message; an id of 255 characters may be longer.
constexpr std::size_t kSubjectBytesMax = 256;

/// The reasons that are worth another try after the change.
std::vector<std::string_view> mendedBy(PaymentPostings::Change change) {
  switch (change) {
    case PaymentPostings::Change::CompanySetUp:
      return {"COMPANY_NOT_SET_UP"};
    case PaymentPostings::Change::RoleGiven:
      return {"NO_ACCOUNT_FOR_ROLE", "ACCOUNT_INACTIVE"};
    case PaymentPostings::Change::AccountActivated:
      break;
  }
  return {"ACCOUNT_INACTIVE"};
}

/// What the books themselves refuse; anything else may be over when the event comes again.
bool isRefusal(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::Validation:
    case ErrorKind::NotFound:
    case ErrorKind::Conflict:
    case ErrorKind::BusinessLogic:
      return true;
    default:
      return false;
  }
}

/// "COMPANY_NOT_SET_UP (2), CURRENCY_MISMATCH (1)".
std::string summaryOf(const std::vector<WaitingCount>& counts) {
  std::string text;
  for (std::size_t i = 0; i < std::min(counts.size(), kReasonsTold); ++i) {
    text += (i == 0 ? "" : ", ") + counts[i].code + " (" + std::to_string(counts[i].payments) + ')';
  }
  return text;
}

}  // namespace

PaymentPostings::PaymentPostings(bulkhead::Registrar& host, const Journal& journal)
    : host_{host.host()},
      journal_{journal},
      passes_{host.inbox(
          "waiting_reasons",
          [this](const Message& message, Transaction& write) { onPass(message, write); })},
      retries_{host.inbox("waiting_payments", [this](const Message& message, Transaction& write) {
        onRetry(message, write);
      })} {
  host.onEvent(kPayments, "payment_succeeded", [this](const Message& event, Transaction& write) {
    onEvent(event, kCharge, write);
  });
  host.onEvent(kPayments, "payment_refunded", [this](const Message& event, Transaction& write) {
    onEvent(event, kRefund, write);
  });
  host.health("payments", [this](const bulkhead::Context& context) { return health(context); });
}

void PaymentPostings::onEvent(const Message& event, std::string_view kind,
                              Transaction& write) const {
  if (event.tenant().empty()) {
    host_.warn("A payment of no tenant is not posted", "event", event.id());
    return;
  }
  const std::string body{event.body()};
  PaymentNews news{nlohmann::json::parse(body).at("id").get<std::string>(), std::string{kind},
                   body};
  Verdict verdict = judge(write, event.tenant(), news);
  if (verdict.refusal) return keep(write, event.tenant(), std::move(news), *verdict.refusal);
  record(write, event.tenant(), news, std::move(verdict));
}

PaymentPostings::Verdict PaymentPostings::judge(ReadTransaction& read, std::string_view tenant,
                                                const PaymentNews& news) const {
  try {
    auto entry = entryOf(read, tenant, news);
    if (entry) journal_.requirePostable(read, tenant, *entry);
    return {std::move(entry)};
  } catch (const Error& error) {
    if (!isRefusal(error)) throw;
    return {{}, error};
  }
}

/// What is refused from here on leaves nothing behind: the whole transaction goes, and the message
/// comes again.
std::optional<JournalEntry> PaymentPostings::record(Transaction& write, std::string_view tenant,
                                                    const PaymentNews& news,
                                                    Verdict verdict) const {
  if (!verdict.entry) return std::nullopt;
  JournalEntry posted = journal_.record(write, tenant, std::move(*verdict.entry));
  WaitingPaymentStore::Filter its_refunds;
  its_refunds.payment = news.payment;
  its_refunds.limit = kFoundAtOnce;
  for (const WaitingPayment& one : WaitingPaymentStore::list(write, tenant, its_refunds)) {
    keepRetry(write, tenant, one);
  }
  return posted;
}

void PaymentPostings::keep(Transaction& write, std::string_view tenant, PaymentNews news,
                           const Error& reason) const {
  if (WaitingPaymentStore::findSame(write, tenant, news)) return;
  const std::int64_t now = nowSeconds(host_);
  WaitingPaymentStore::insert(
      write, tenant,
      {host_.newId(), std::move(news), reason.code(), reason.message(), 1, now, now});
}

void PaymentPostings::retrySoon(Transaction& write, std::string_view tenant, Change change) const {
  for (const std::string_view code : mendedBy(change)) {
    if (WaitingPaymentStore::beginPass(write, tenant, code)) keepPass(write, tenant, code, {});
  }
}

void PaymentPostings::keepPass(Transaction& write, std::string_view tenant, std::string_view code,
                               std::string_view after) const {
  const std::string key = host_.newId();
  bulkhead::NewMessage message{key};
  message.type = code;
  message.subject = tenant;
  message.tenant = tenant;
  message.body = after;
  passes_.keep(write, message);
}

void PaymentPostings::onPass(const Message& message, Transaction& write) const {
  WaitingPaymentStore::Filter filter;
  if (!message.body().empty()) WaitingPaymentStore::readPlace(message.body(), filter);
  filter.code = message.type();
  filter.limit = kFoundAtOnce;
  const auto waiting = WaitingPaymentStore::list(write, message.tenant(), filter);
  for (const WaitingPayment& one : waiting) keepRetry(write, message.tenant(), one);
  if (waiting.size() == kFoundAtOnce) {
    const std::string place = WaitingPaymentStore::placeAfter(waiting.back());
    return keepPass(write, message.tenant(), message.type(), place);
  }
  if (!WaitingPaymentStore::endPass(write, message.tenant(), message.type())) {
    keepPass(write, message.tenant(), message.type(), {});
  }
}

/// Kept once for each try, however many passes find it.
void PaymentPostings::keepRetry(Transaction& write, std::string_view tenant,
                                const WaitingPayment& waiting) const {
  const std::string key = waiting.id + '.' + std::to_string(waiting.tries);
  bulkhead::NewMessage message{key};
  message.type = "retry";
  message.subject = waiting.news.payment.size() <= kSubjectBytesMax ? waiting.news.payment : tenant;
  message.tenant = tenant;
  message.body = waiting.id;
  retries_.keep(write, message);
}

void PaymentPostings::onRetry(const Message& message, Transaction& write) const {
  auto waiting = WaitingPaymentStore::find(write, message.tenant(), message.body());
  if (waiting) tryAgain(write, message.tenant(), std::move(*waiting));
}

void PaymentPostings::tryAgain(Transaction& write, std::string_view tenant,
                               WaitingPayment waiting) const {
  Verdict verdict = judge(write, tenant, waiting.news);
  if (!verdict.refusal) {
    WaitingPaymentStore::erase(write, tenant, waiting.id);
    record(write, tenant, waiting.news, std::move(verdict));
    return;
  }
  waiting.code = verdict.refusal->code();
  waiting.message = verdict.refusal->message();
  ++waiting.tries;
  waiting.tried_at = nowSeconds(host_);
  WaitingPaymentStore::update(write, tenant, waiting);
}

std::optional<JournalEntry> PaymentPostings::post(Transaction& write, std::string_view tenant,
                                                  const WaitingPayment& waiting) const {
  Verdict verdict = judge(write, tenant, waiting.news);
  if (verdict.refusal) throw Error{*verdict.refusal};
  WaitingPaymentStore::erase(write, tenant, waiting.id);
  return record(write, tenant, waiting.news, std::move(verdict));
}

bulkhead::Health PaymentPostings::health(const bulkhead::Context& context) const {
  std::vector<WaitingCount> counts;
  host_.read(context, [&](ReadTransaction& read) { counts = WaitingPaymentStore::counts(read); });
  if (counts.empty()) return {};
  return {bulkhead::HealthStatus::Degraded,
          "Payments wait to be posted: " + summaryOf(counts) +
              ". GET /api/accounting/v1/waiting-payments tells each."};
}

}  // namespace accounting
