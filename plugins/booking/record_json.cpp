#include "record_json.hpp"

#include <charconv>

#include "record.hpp"

namespace booking {

Money moneyFrom(const nlohmann::json& value) {
  Money money;
  money.currency = value.at("currency").get<std::string>();
  const auto& amount = value.at("amount");
  if (!amount.is_string()) {
    money.amount_minor = amount.get<std::int64_t>();
    return money;
  }
  const auto text = amount.get<std::string>();
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, money.amount_minor).ec != std::errc{}) {
    throw invalidField("price/amount", text, "at most 9223372036854775807");
  }
  return money;
}

void take(const nlohmann::json& body, const char* name, cctz::civil_day& out) {
  const auto found = body.find(name);
  if (found == body.end()) return;
  const auto text = found->get<std::string>();
  const auto date = parseDate(text);
  if (!date) throw invalidField(name, text, "a date such as \"2026-01-31\"");
  out = *date;
}

void writeValue(bulkhead::JsonWriter& out, const Money& money) {
  out.beginObject();
  if (money.amount_minor > kExactInJsonMax) {
    out.member("amount", std::to_string(money.amount_minor));
  } else {
    out.member("amount", money.amount_minor);
  }
  out.member("currency", money.currency);
  out.endObject();
}

}  // namespace booking
