#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace accounting {

/// An account as a template has it.
struct ChartAccount {
  std::string code;
  std::string name;
  std::string type;
  std::optional<std::string> role;
};

/// The accounts of the template `name` of charts.json, or nothing.
const std::vector<ChartAccount>* chartNamed(std::string_view name);
/// The names of all templates.
std::vector<std::string> chartNames();
/// The currency that a country's companies keep their books in, where charts.json says it.
std::optional<std::string> currencyOf(std::string_view country);

/// What the plugin itself posts to, as the quoted values of a JSON Schema's enum.
inline constexpr std::string_view kRoles =
    R"("bad_debt","bank","capital","cash","cost_of_sales","input_tax","inventory",)"
    R"("opening_balance","payable","payment_fees","receivable","retained_earnings","rounding",)"
    R"("sales","stripe_clearing","tax_payable","wages","wages_payable")";

}  // namespace accounting
