#include "chart.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "charts_text.hpp"  // generated from charts.json

namespace accounting {
namespace {

struct Charts {
  std::map<std::string, std::vector<ChartAccount>, std::less<>> templates;
  std::map<std::string, std::string, std::less<>> currencies;
};

std::vector<ChartAccount> accountsOf(const nlohmann::json& chart) {
  std::vector<ChartAccount> accounts;
  for (const auto& one : chart) {
    auto& account = accounts.emplace_back();
    account.code = one.at("code").get<std::string>();
    account.name = one.at("name").get<std::string>();
    account.type = one.at("type").get<std::string>();
    if (one.contains("role")) account.role = one.at("role").get<std::string>();
  }
  return accounts;
}

const Charts& charts() {
  static const Charts kCharts = [] {
    const auto document = nlohmann::json::parse(kChartsText);
    Charts made;
    for (const auto& [name, chart] : document.at("templates").items()) {
      made.templates[name] = accountsOf(chart);
    }
    for (const auto& [country, currency] : document.at("currencies").items()) {
      made.currencies[country] = currency.get<std::string>();
    }
    return made;
  }();
  return kCharts;
}

}  // namespace

const std::vector<ChartAccount>* chartNamed(std::string_view name) {
  const auto found = charts().templates.find(name);
  return found == charts().templates.end() ? nullptr : &found->second;
}

std::vector<std::string> chartNames() {
  std::vector<std::string> names;
  for (const auto& [name, chart] : charts().templates) names.push_back(name);
  return names;
}

std::optional<std::string> currencyOf(std::string_view country) {
  const auto found = charts().currencies.find(country);
  if (found == charts().currencies.end()) return std::nullopt;
  return found->second;
}

}  // namespace accounting
