#include "http/middleware/accept_encoding.hpp"

#include <Poco/String.h>
#include <array>
#include <optional>
#include <string>

namespace bulkhead::host {
namespace {

constexpr int kWeightMax = 1000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string_view cut(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const auto head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return trimmed(head);
}

/// Thousandths of "0.5" (RFC 9110 §12.4.2), or nothing.
std::optional<int> weightIn(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * kWeightMax;
  int digit = kWeightMax / 10;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * digit;
    digit /= 10;
  }
  return weight <= kWeightMax ? std::optional{weight} : std::nullopt;
}

/// The weights that a request gives, in thousandths; nothing where it is silent.
struct Weights {
  std::optional<int> gzip;
  std::optional<int> brotli;
  std::optional<int> identity;
  std::optional<int> any;

  std::optional<int>* of(std::string_view coding) {
    const auto is = [&](const char* name) {
      return Poco::icompare(std::string{coding}, name) == 0;
    };
    if (is("gzip") || is("x-gzip")) return &gzip;
    if (is("br")) return &brotli;
    if (is("identity")) return &identity;
    return coding == "*" ? &any : nullptr;
  }

  void read(std::string_view element) {
    const std::string_view coding = cut(element, ';');
    std::optional<int>* weight = of(coding);
    if (weight == nullptr) return;
    *weight = kWeightMax;
    if (element.empty()) return;
    const std::string_view name = cut(element, '=');
    *weight = name == "q" || name == "Q" ? weightIn(trimmed(element)).value_or(0) : 0;
  }
};

}  // namespace

std::string_view nameOf(ContentCoding coding) {
  constexpr std::array<std::string_view, 3> kNames = {"identity", "gzip", "br"};
  return kNames.at(static_cast<std::size_t>(coding));
}

ContentCoding acceptedCoding(const HttpRequest& request) {
  Weights weights;
  bool asked = false;
  for (const auto& [name, value] : request.headers) {
    if (name != "accept-encoding") continue;
    asked = true;
    for (std::string_view rest = value; !rest.empty();) weights.read(cut(rest, ','));
  }
  if (!asked) return ContentCoding::Identity;
  const int brotli = weights.brotli.value_or(weights.any.value_or(0));
  const int gzip = weights.gzip.value_or(weights.any.value_or(0));
  // Nobody who asks for a coding means to get none, unless it is given a weight.
  const int identity = weights.identity.value_or(0);
  if (brotli == 0 && gzip == 0) return ContentCoding::Identity;
  if (identity > brotli && identity > gzip) return ContentCoding::Identity;
  return brotli >= gzip ? ContentCoding::Brotli : ContentCoding::Gzip;
}

}  // namespace bulkhead::host
