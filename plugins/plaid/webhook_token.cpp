#include "webhook_token.hpp"

#include <memory>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <vector>

#include <bulkhead/json_fields.hpp>
#include <bulkhead/signing.hpp>

namespace plaid {
namespace {

using bulkhead::textIn;
using Json = nlohmann::json;

constexpr std::size_t kTokenBytesMax = 4096;
constexpr std::size_t kKeyIdBytesMax = 100;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kCoordinateBytes = 32;
constexpr std::int64_t kClocksDifferS = 10;

/// What stands before x and y in a SubjectPublicKeyInfo of P-256 (RFC 5480), up to the mark of an
/// uncompressed point.
constexpr unsigned char kKeyHead[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

using PublicKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Digest = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Signature = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

const unsigned char* raw(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::optional<Json> objectOf(std::string_view base64url) {
  const auto text = bulkhead::fromBase64Url(base64url);
  if (!text) return std::nullopt;
  Json object = bulkhead::readJson(*text);
  if (!object.is_object()) return std::nullopt;
  return object;
}

Number numberOf(const unsigned char* bytes) {
  return {BN_bin2bn(bytes, static_cast<int>(kCoordinateBytes), nullptr), &BN_free};
}

/// r and s as OpenSSL reads them: DER.
std::vector<unsigned char> derOf(const std::string& signature) {
  Number r = numberOf(raw(signature));
  Number s = numberOf(raw(signature) + kCoordinateBytes);
  const Signature pair{ECDSA_SIG_new(), &ECDSA_SIG_free};
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  std::vector<unsigned char> der(static_cast<std::size_t>(size > 0 ? size : 0));
  unsigned char* end = der.data();
  if (!der.empty()) i2d_ECDSA_SIG(pair.get(), &end);
  return der;
}

PublicKey publicKey(const VerificationKey& key) {
  std::vector<unsigned char> der(std::begin(kKeyHead), std::end(kKeyHead));
  der.insert(der.end(), key.x.begin(), key.x.end());
  der.insert(der.end(), key.y.begin(), key.y.end());
  const unsigned char* start = der.data();
  return {d2i_PUBKEY(nullptr, &start, static_cast<long>(der.size())), &EVP_PKEY_free};
}

}  // namespace

std::string_view describe(Verdict verdict) {
  switch (verdict) {
    case Verdict::Accepted:
      return "The signature is valid.";
    case Verdict::Malformed:
      return "The Plaid-Verification header is no ES256 token of a webhook.";
    case Verdict::UnknownKey:
      return "The key of the Plaid-Verification header is not one of Plaid's.";
    case Verdict::Mismatch:
      return "The Plaid-Verification header is not signed by its key.";
    case Verdict::TooOld:
      return "The Plaid-Verification header is too old.";
    case Verdict::InTheFuture:
      return "The Plaid-Verification header lies in the future.";
    case Verdict::OtherBody:
      return "The Plaid-Verification header was made for another body.";
  }
  return {};
}

std::optional<WebhookToken> WebhookToken::parse(std::string_view header) {
  const auto first = header.find('.');
  const auto second = first == std::string_view::npos ? first : header.find('.', first + 1);
  if (header.size() > kTokenBytesMax || second == std::string_view::npos) return std::nullopt;
  const auto head = objectOf(header.substr(0, first));
  if (!head || textIn(*head, "alg") != "ES256") return std::nullopt;
  const auto claims = objectOf(header.substr(first + 1, second - first - 1));
  auto signature = bulkhead::fromBase64Url(header.substr(second + 1));
  if (!claims || !signature || signature->size() != kSignatureBytes) return std::nullopt;
  WebhookToken token;
  token.key_id = textIn(*head, "kid");
  token.signed_text = header.substr(0, second);
  token.signature = *std::move(signature);
  token.body_sha256 = textIn(*claims, "request_body_sha256");
  const auto issued = claims->find("iat");
  if (token.key_id.empty() || token.key_id.size() > kKeyIdBytesMax || issued == claims->end() ||
      !issued->is_number_integer())
    return std::nullopt;
  token.issued_s = issued->get<std::int64_t>();
  return token;
}

Verdict judgeClaims(const WebhookToken& token, std::string_view body, std::chrono::seconds now,
                    std::chrono::seconds tolerance) {
  if (!bulkhead::isEqualInConstantTime(token.body_sha256, bulkhead::sha256Hex(body)))
    return Verdict::OtherBody;
  if (token.issued_s < now.count() - tolerance.count()) return Verdict::TooOld;
  if (token.issued_s > now.count() + kClocksDifferS) return Verdict::InTheFuture;
  return Verdict::Accepted;
}

bool isSignedBy(const WebhookToken& token, const VerificationKey& key) {
  if (key.x.size() != kCoordinateBytes || key.y.size() != kCoordinateBytes ||
      token.signature.size() != kSignatureBytes)
    return false;
  const PublicKey point = publicKey(key);
  const auto der = derOf(token.signature);
  const Digest digest{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
  return point && digest && !der.empty() &&
         EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, point.get()) == 1 &&
         EVP_DigestVerify(digest.get(), der.data(), der.size(), raw(token.signed_text),
                          token.signed_text.size()) == 1;
}

}  // namespace plaid
