#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace booking {

/// An amount in minor units of an ISO 4217 currency: 11999 USD is 119.99 dollars.
struct Money {
  std::int64_t amount_minor = 0;
  std::string currency;
  friend bool operator==(const Money&, const Money&) = default;
};

/// The largest integer that every JSON reader takes exactly; what is above travels as text.
inline constexpr std::int64_t kExactInJsonMax = 9'007'199'254'740'991;

/// "USD 11999", and back from what packed() gave.
std::string packed(const Money& money);
Money unpackedMoney(std::string_view text);

/// Throws VALIDATION_ERROR for a negative amount, or for what is no code of ISO 4217.
void checkPrice(const Money& price);

}  // namespace booking
