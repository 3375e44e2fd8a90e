#include "money.hpp"

#include <algorithm>
#include <charconv>

#include "record.hpp"

namespace booking {

std::string packed(const Money& money) {
  return money.currency + ' ' + std::to_string(money.amount_minor);
}

Money unpackedMoney(std::string_view text) {
  const auto space = text.find(' ');
  Money money;
  money.currency = text.substr(0, space);
  std::from_chars(text.data() + space + 1, text.data() + text.size(), money.amount_minor);
  return money;
}

void checkPrice(const Money& price) {
  const auto isLetter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (price.currency.size() != 3 ||
      !std::all_of(price.currency.begin(), price.currency.end(), isLetter)) {
    throw invalidField("price/currency", price.currency, "a code of ISO 4217 such as \"USD\"");
  }
  if (price.amount_minor < 0) {
    throw invalidField("price/amount", std::to_string(price.amount_minor),
                       "zero or more, in minor units");
  }
}

}  // namespace booking
