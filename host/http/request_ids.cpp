#include "http/request_ids.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

namespace bulkhead::host {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr std::size_t kTraceParentLength = 55;

/// Ids need to be distinct, not secret: one seeded generator per thread is enough.
std::uint64_t randomBits() {
  thread_local std::mt19937_64 generator = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(),
                       device(), device(), device(), device()};
    return std::mt19937_64{seed};
  }();
  return generator();
}

void appendHex(std::string& out, std::uint64_t bits) {
  std::array<char, 16> digits{};
  for (std::size_t i = digits.size(); i-- > 0; bits >>= 4) digits[i] = kHexDigits[bits & 0xf];
  out.append(digits.data(), digits.size());
}

bool isLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool isAllZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool hasTraceParentShape(std::string_view text) {
  if (text.size() < kTraceParentLength) return false;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  if (!isLowerHex(version) || version == "ff") return false;
  if (text.size() == kTraceParentLength) return true;
  return version != "00" && text[kTraceParentLength] == '-';
}

/// The one traceparent of the request; nullptr for none or for several.
const std::string* singleTraceParent(const HttpRequest& request) {
  const std::string* found = nullptr;
  for (const auto& [name, value] : request.headers) {
    if (name != "traceparent") continue;
    if (found != nullptr) return nullptr;
    found = &value;
  }
  return found;
}

}  // namespace

std::optional<TraceParent> parseTraceParent(std::string_view value) {
  const std::string_view text = trimmed(value);
  if (!hasTraceParentShape(text)) return std::nullopt;
  const TraceParent parent{text.substr(3, 32), text.substr(36, 16)};
  if (!isLowerHex(parent.trace_id) || isAllZero(parent.trace_id)) return std::nullopt;
  if (!isLowerHex(parent.parent_id) || isAllZero(parent.parent_id)) return std::nullopt;
  if (!isLowerHex(text.substr(53, 2))) return std::nullopt;
  return parent;
}

bool isRequestId(std::string_view value) {
  constexpr std::size_t kLengthMax = 128;
  if (value.empty() || value.size() > kLengthMax) return false;
  return std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string makeRequestId() {
  constexpr std::uint64_t kVersionMask = 0xf000, kVersion4 = 0x4000;
  constexpr std::uint64_t kVariantMask = 0xc000000000000000, kVariant = 0x8000000000000000;
  std::string digits;
  digits.reserve(36);
  appendHex(digits, (randomBits() & ~kVersionMask) | kVersion4);
  appendHex(digits, (randomBits() & ~kVariantMask) | kVariant);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) digits.insert(dash, 1, '-');
  return digits;
}

std::string makeTraceId() {
  std::string digits;
  digits.reserve(32);
  appendHex(digits, randomBits());
  appendHex(digits, randomBits() | 1);
  return digits;
}

void identify(HttpRequest& request) {
  const std::string* id = request.header("x-request-id");
  request.own_request_id = id == nullptr || !isRequestId(*id);
  request.request_id = request.own_request_id ? makeRequestId() : *id;

  const std::string* value = singleTraceParent(request);
  const auto parent = value != nullptr ? parseTraceParent(*value) : std::nullopt;
  request.trace_id = parent ? std::string{parent->trace_id} : makeTraceId();
  request.parent_span_id = parent ? std::string{parent->parent_id} : std::string{};
  request.span_id.clear();
  appendHex(request.span_id, randomBits() | 1);
}

}  // namespace bulkhead::host
