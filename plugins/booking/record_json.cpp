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
