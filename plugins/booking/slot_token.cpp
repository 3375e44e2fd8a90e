#include "slot_token.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <bulkhead/error.hpp>
#include <bulkhead/signing.hpp>

namespace booking {
namespace {

using bulkhead::Error;

constexpr char kVersion = 1;
constexpr std::size_t kStartBytes = 8;
constexpr std::size_t kCodeBytes = 16;
constexpr std::size_t kTailBytes = kStartBytes + kCodeBytes;
constexpr std::size_t kTokenLettersMax = 512;
constexpr std::size_t kBase64Group = 3;

std::string bigEndian(std::int64_t number) {
  std::string bytes(kStartBytes, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (56 - 8 * i) & 0xffU);
  }
  return bytes;
}

void appendText(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size());
  out += text;
}

/// Reads back what the functions above wrote; beyond the end it reads zeros and empty texts.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_{bytes} {}

  std::int64_t number() {
    std::uint64_t value = 0;
    for (const char c : take(kStartBytes)) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(value);
  }
  std::string text() {
    const auto size = take(1);
    return std::string{take(size.empty() ? 0 : static_cast<unsigned char>(size.front()))};
  }
  std::string_view take(std::size_t size) {
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

/// What all slots of a search share, filled up to whole groups of base64.
std::string sharedPart(const SlotClaim& offer, Instant expires) {
  std::string bytes{kVersion};
  bytes += bigEndian(epochSeconds(expires));
  bytes += bigEndian(offer.duration.count());
  appendText(bytes, offer.service);
  appendText(bytes, offer.resource);
  appendText(bytes, offer.location);
  bytes.resize((bytes.size() + kBase64Group - 1) / kBase64Group * kBase64Group, '\0');
  return bytes;
}

using Tail = std::array<char, kTailBytes>;

/// The start, and the code over `message` and it.
Tail tailOf(KeyedHash::Message message, std::string_view start) {
  const auto digest = message.add(start).finish();
  Tail tail{};
  const auto code = std::copy(start.begin(), start.end(), tail.begin());
  std::copy_n(digest.begin(), kCodeBytes, code);
  return tail;
}

Error invalidToken() {
  return Error::validation("SLOT_TOKEN_INVALID",
                           "slot_token is not one that was offered here; ask for the slots again.");
}

}  // namespace

void SlotTokenWriter::append(std::string& out, Instant start) const {
  const Tail tail = tailOf(message_, bigEndian(epochSeconds(start)));
  out += shared_text_;
  bulkhead::appendBase64Url(out, {tail.data(), tail.size()});
}

SlotTokenWriter SlotTokens::writer(std::string_view tenant, const SlotClaim& offer,
                                   Instant now) const {
  const std::string shared = sharedPart(offer, now + kValid);
  return {begin(tenant, shared), bulkhead::toBase64Url(shared)};
}

SlotClaim SlotTokens::open(std::string_view tenant, std::string_view token, Instant now) const {
  if (token.size() > kTokenLettersMax) throw invalidToken();
  const auto bytes = bulkhead::fromBase64Url(token);
  if (!bytes || bytes->size() <= kTailBytes) throw invalidToken();
  const std::string_view all{*bytes};
  const auto shared = all.substr(0, all.size() - kTailBytes);
  const auto start = all.substr(shared.size(), kStartBytes);
  const Tail tail = tailOf(begin(tenant, shared), start);
  if (!bulkhead::isEqualInConstantTime({tail.data(), tail.size()}, all.substr(shared.size()))) {
    throw invalidToken();
  }

  Fields fields{shared};
  if (fields.take(1).front() != kVersion) throw invalidToken();
  const Instant expires = fromEpoch(fields.number());
  if (now >= expires) {
    throw Error::conflict("SLOT_TOKEN_EXPIRED",
                          "slot_token is older than ten minutes; ask for the slots again.");
  }
  SlotClaim claim;
  claim.duration = seconds{fields.number()};
  claim.service = fields.text();
  claim.resource = fields.text();
  claim.location = fields.text();
  claim.start = fromEpoch(Fields{start}.number());
  return claim;
}

/// The shared part is filled up to a whole block, so that a slot adds one block and no more.
KeyedHash::Message SlotTokens::begin(std::string_view tenant, std::string_view shared) const {
  std::string text = bigEndian(static_cast<std::int64_t>(tenant.size()));
  text += tenant;
  text += bigEndian(static_cast<std::int64_t>(shared.size()));
  text += shared;
  text.resize((text.size() + SHA256_CBLOCK - 1) / SHA256_CBLOCK * SHA256_CBLOCK, '\0');
  return key_.begin().add(text);
}

}  // namespace booking
