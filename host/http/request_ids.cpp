#include "http/request_ids.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>

namespace bulkhead::host {
namespace {

constexpr std::size_t kTraceParentLength = 55;

/// xoshiro256++ (Blackman and Vigna, doi 10.1145/3460772). Ids need to be distinct, not secret, and
/// each request takes five numbers: std::mt19937_64 costs five times as much for each.
class IdBits {
 public:
  IdBits() {
    std::random_device device;
    for (std::uint64_t& word : state_) word = std::uint64_t{device()} << 32 | device();
    state_[0] |= 1;  // not all may be zero
  }

  std::uint64_t next() {
    const std::uint64_t bits = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return bits;
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

/// One generator per thread.
std::uint64_t randomBits() {
  thread_local IdBits bits;
  return bits.next();
}

/// Eight hex digits from the low halves of eight bytes, without a loop.
std::uint64_t hexOf(std::uint64_t bits) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  bits &= kOnes * 0x0f;
  const std::uint64_t letters = ((bits + kOnes * 6) >> 4) & kOnes;
  return bits + kOnes * '0' + letters * ('a' - '0' - 10);
}

/// Writes 16 hex digits to `at`: which digit comes from which bits does not matter to random ones.
void putHex(char* at, std::uint64_t bits) {
  const std::array<std::uint64_t, 2> digits{hexOf(bits), hexOf(bits >> 4)};
  std::memcpy(at, digits.data(), sizeof digits);
}

/// A UUID of version 4 (RFC 9562 §5.4).
void setRequestId(std::string& id) {
  std::array<char, 32> digits{};
  const std::uint64_t variant = randomBits();
  putHex(digits.data(), randomBits());
  putHex(digits.data() + 16, variant);
  digits[12] = '4';
  digits[16] = "89ab"[variant & 3];
  std::array<char, 36> text{};
  text[8] = text[13] = text[18] = text[23] = '-';
  std::memcpy(&text[0], &digits[0], 8);
  std::memcpy(&text[9], &digits[8], 4);
  std::memcpy(&text[14], &digits[12], 4);
  std::memcpy(&text[19], &digits[16], 4);
  std::memcpy(&text[24], &digits[20], 12);
  id.assign(text.data(), text.size());
}

void setTraceId(std::string& id) {
  std::array<char, 32> digits{};
  putHex(digits.data(), randomBits());
  putHex(digits.data() + 16, randomBits() | 1);
  id.assign(digits.data(), digits.size());
}

void setSpanId(std::string& id) {
  std::array<char, 16> digits{};
  putHex(digits.data(), randomBits() | 1);
  id.assign(digits.data(), digits.size());
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
  std::string id;
  setRequestId(id);
  return id;
}

std::string makeTraceId() {
  std::string id;
  setTraceId(id);
  return id;
}

void identify(HttpRequest& request) {
  const std::string* id = request.header("x-request-id");
  request.own_request_id = id == nullptr || !isRequestId(*id);
  if (request.own_request_id) {
    setRequestId(request.request_id);
  } else {
    request.request_id = *id;
  }
  const std::string* value = singleTraceParent(request);
  if (const auto parent = value != nullptr ? parseTraceParent(*value) : std::nullopt) {
    request.trace_id = parent->trace_id;
    request.parent_span_id = parent->parent_id;
  } else {
    setTraceId(request.trace_id);
    request.parent_span_id.clear();
  }
  setSpanId(request.span_id);
}

}  // namespace bulkhead::host
