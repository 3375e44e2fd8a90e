#include "payment_news.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <bulkhead/json_fields.hpp>

#include "expandable.hpp"
#include "payment.hpp"

namespace stripe {
namespace {

using bulkhead::integerIn;
using bulkhead::objectIn;
using bulkhead::textIn;
using Json = nlohmann::json;
using Read = bool (*)(const Json& object, PaymentNews& news);

/// 255 characters, as the contract says, of up to four bytes each.
constexpr std::size_t kWordBytesMax = std::size_t{4} * 255;

/// Somebody else's metadata may be longer than ours is.
std::string shortTextIn(const Json& object, const char* name, std::size_t bytes_max) {
  std::string text = textIn(object, name);
  return text.size() > bytes_max ? std::string{} : text;
}

void readMetadata(const Json& object, PaymentNews& news) {
  const Json* const metadata = objectIn(object, "metadata");
  if (metadata == nullptr) return;
  news.payment = shortTextIn(*metadata, "payment", 100);
  news.tenant = shortTextIn(*metadata, "tenant", kWordBytesMax);
  news.reference = shortTextIn(*metadata, "reference", kWordBytesMax);
  news.seal = shortTextIn(*metadata, "seal", 100);
}

void readFee(const Json& object, PaymentNews& news) {
  if (const Json* balance = objectIn(object, "balance_transaction"))
    news.fee = integerIn(*balance, "fee");
}

bool readIntentNews(const Json& intent, PaymentNews& news) {
  news.intent = textIn(intent, "id");
  const std::int64_t received = integerIn(intent, "amount_received").value_or(0);
  news.order_amount = integerIn(intent, "amount").value_or(0);
  news.amount = received > 0 ? received : news.order_amount;
  if (const Json* error = objectIn(intent, "last_payment_error")) {
    const std::string declined = shortTextIn(*error, "decline_code", 100);
    news.failure_code = declined.empty() ? shortTextIn(*error, "code", 100) : declined;
    news.object = idIn(*error, "charge");
  }
  if (news.object.empty()) news.object = idIn(intent, "latest_charge");
  if (const Json* charge = objectIn(intent, "latest_charge")) readFee(*charge, news);
  return !news.intent.empty();
}

bool readSessionNews(const Json& session, PaymentNews& news) {
  news.session = textIn(session, "id");
  news.intent = idIn(session, "payment_intent");
  news.amount = integerIn(session, "amount_total").value_or(0);
  news.order_amount = news.amount;
  return !news.session.empty();
}

/// A Checkout that is complete may not be paid yet: what is captured later, for one.
bool readCompleteSession(const Json& session, PaymentNews& news) {
  if (textIn(session, "payment_status") != "paid") news.kind = NewsKind::Begun;
  return readSessionNews(session, news) &&
         (news.kind == NewsKind::Succeeded || !news.intent.empty());
}

bool readCharge(const Json& charge, PaymentNews& news) {
  news.intent = idIn(charge, "payment_intent");
  news.object = textIn(charge, "id");
  news.amount = integerIn(charge, "amount").value_or(0);
  news.order_amount = news.amount;
  news.amount_refunded = refundedOf(charge);
  readFee(charge, news);
  return !news.intent.empty() && news.amount_refunded > 0;
}

/// What a dispute has cost so far stands in it. Where it is given back, it has cost nothing.
void readDisputeFee(const Json& dispute, PaymentNews& news) {
  std::int64_t fee = 0;
  const Json& bookings = bulkhead::arrayIn(dispute, "balance_transactions");
  for (const Json& booking : bookings) fee += integerIn(booking, "fee").value_or(0);
  if (!bookings.empty()) news.fee = std::max<std::int64_t>(0, fee);
}

bool readDispute(const Json& dispute, PaymentNews& news) {
  const std::string status = textIn(dispute, "status");
  news.object = textIn(dispute, "id");
  news.intent = idIn(dispute, "payment_intent");
  news.amount = integerIn(dispute, "amount").value_or(0);
  readDisputeFee(dispute, news);
  news.outcome = status == "won" || status == "lost" ? status : "withdrawn";
  return !news.object.empty() && !news.intent.empty();
}

bool readPayout(const Json& payout, PaymentNews& news) {
  news.object = textIn(payout, "id");
  news.amount = integerIn(payout, "amount").value_or(0);
  readFee(payout, news);
  return !news.object.empty();
}

struct Kind {
  std::string_view type;
  NewsKind kind;
  Read read;
};

constexpr std::array kKinds{
    Kind{"payment_intent.succeeded", NewsKind::Succeeded, &readIntentNews},
    Kind{"checkout.session.completed", NewsKind::Succeeded, &readCompleteSession},
    Kind{"checkout.session.async_payment_succeeded", NewsKind::Succeeded, &readCompleteSession},
    Kind{"payment_intent.payment_failed", NewsKind::Failed, &readIntentNews},
    Kind{"payment_intent.canceled", NewsKind::Canceled, &readIntentNews},
    Kind{"checkout.session.expired", NewsKind::Canceled, &readSessionNews},
    Kind{"charge.refunded", NewsKind::Refunded, &readCharge},
    Kind{"charge.dispute.created", NewsKind::DisputeOpened, &readDispute},
    Kind{"charge.dispute.closed", NewsKind::DisputeClosed, &readDispute},
    Kind{"payout.paid", NewsKind::PayoutPaid, &readPayout},
};

}  // namespace

std::optional<PaymentNews> newsIn(const Json& event) {
  const std::string type = textIn(event, "type");
  const Json* const data = objectIn(event, "data");
  const Json* const object = data == nullptr ? nullptr : objectIn(*data, "object");
  if (object == nullptr) return std::nullopt;
  for (const Kind& known : kKinds) {
    if (known.type != type) continue;
    PaymentNews news;
    news.kind = known.kind;
    news.occurred_s = integerIn(event, "created").value_or(0);
    news.currency = upperCase(textIn(*object, "currency"));
    readMetadata(*object, news);
    const bool is_whole = known.read(*object, news) && news.currency.size() == 3;
    return is_whole ? std::optional{std::move(news)} : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace stripe
