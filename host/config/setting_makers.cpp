#include "config/setting_makers.hpp"

#include <Poco/Net/IPAddress.h>
#include <algorithm>
#include <charconv>
#include <utility>

namespace bulkhead::host::setting_makers {
namespace {

/// Poco 1.11's own takes "::" for what could not be read.
bool parseAddress(const std::string& text, Poco::Net::IPAddress& address) {
  if (text != "::") return Poco::Net::IPAddress::tryParse(text, address);
  address = Poco::Net::IPAddress{Poco::Net::IPAddress::IPv6};
  return true;
}

bool isAddress(const std::string& text) {
  Poco::Net::IPAddress address;
  return parseAddress(text, address);
}

bool isNetwork(const std::string& text) {
  if (text == "unix") return true;
  const std::size_t slash = text.find('/');
  Poco::Net::IPAddress address;
  if (!parseAddress(text.substr(0, slash), address)) return false;
  if (slash == std::string::npos) return true;
  const int bits_max = address.family() == Poco::Net::IPAddress::IPv6 ? 128 : 32;
  int bits = -1;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + slash + 1, end, bits);
  return result.ec == std::errc{} && result.ptr == end && bits >= 0 && bits <= bits_max;
}

}  // namespace

std::vector<std::string> splitList(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

std::string checkNetworks(const TypedValue& value) {
  const auto networks = splitList(value.text());
  if (std::all_of(networks.begin(), networks.end(), isNetwork)) return "";
  return "networks such as \"10.0.0.0/8, ::1/128\"";
}

std::string checkBindAddress(const TypedValue& value) {
  if (value.text() == "localhost" || isAddress(value.text())) return "";
  return "an IP address or \"localhost\"";
}

std::uint16_t portOf(const TypedValue& value) {
  return static_cast<std::uint16_t>(value.integer());
}

SettingDeclaration text(std::string name, std::string fallback, std::string help) {
  return {.name = std::move(name), .default_text = std::move(fallback), .help = std::move(help)};
}

SettingDeclaration flag(std::string name, std::string help) {
  return {.name = std::move(name),
          .type = SettingType::Boolean,
          .default_text = "false",
          .help = std::move(help)};
}

SettingDeclaration integer(std::string name, std::string fallback, double min, double max,
                           std::string help) {
  return {.name = std::move(name),
          .type = SettingType::Integer,
          .default_text = std::move(fallback),
          .min = min,
          .max = max,
          .help = std::move(help)};
}

SettingDeclaration duration(std::string name, std::string fallback, double max_ms,
                            std::string help) {
  return {.name = std::move(name),
          .type = SettingType::DurationMs,
          .default_text = std::move(fallback),
          .min = 0,
          .max = max_ms,
          .help = std::move(help)};
}

SettingDeclaration inSeconds(SettingDeclaration declaration) {
  declaration.bare_unit_ms = 1000;
  declaration.help += " A number without unit is in seconds.";
  return declaration;
}

SettingDeclaration choice(std::string name, std::vector<std::string> values, std::string fallback,
                          std::string help) {
  return {.name = std::move(name),
          .type = SettingType::Enum,
          .default_text = std::move(fallback),
          .values = std::move(values),
          .help = std::move(help)};
}

SettingDeclaration secret(std::string name, std::string help) {
  return {.name = std::move(name), .type = SettingType::Secret, .help = std::move(help)};
}

}  // namespace bulkhead::host::setting_makers
