#include "service_account.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_fields.hpp>
#include <bulkhead/json_writer.hpp>
#include <bulkhead/signing.hpp>

namespace google_calendar {
namespace {

using bulkhead::Error;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr std::int64_t kLifeSeconds = 3600;

Error invalid(const char* why) {
  return Error::configuration("SERVICE_ACCOUNT_INVALID", why);
}

Key keyOf(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text{
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
  Key key{PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA)
    throw invalid("The service account's private_key is no RSA key in PEM.");
  return key;
}

std::string requiredTextIn(const nlohmann::json& document, const char* name) {
  std::string text = bulkhead::textIn(document, name);
  if (text.empty()) throw invalid("service_account has no client_email or no private_key.");
  return text;
}

}  // namespace

ServiceAccount::ServiceAccount(std::string_view key_file) : key_{nullptr, &EVP_PKEY_free} {
  const auto document = bulkhead::readJson(key_file);
  if (!document.is_object()) throw invalid("service_account is not the text of a JSON key file.");
  email_ = requiredTextIn(document, "client_email");
  key_ = keyOf(requiredTextIn(document, "private_key"));
}

ServiceAccount::ServiceAccount(std::string email, std::string_view private_key)
    : email_{std::move(email)}, key_{keyOf(private_key)} {}

std::string ServiceAccount::assertion(const Claims& claims) const {
  const std::int64_t issued = claims.now.count();
  const std::string content = bulkhead::toJson([&](bulkhead::JsonWriter& out) {
    out.beginObject();
    out.member("iss", email_);
    out.member("scope", claims.scope);
    out.member("aud", claims.audience);
    out.member("exp", issued + kLifeSeconds);
    out.member("iat", issued);
    if (!claims.subject.empty()) out.member("sub", claims.subject);
    out.endObject();
  });
  std::string text =
      bulkhead::toBase64Url(R"({"alg":"RS256"})") + "." + bulkhead::toBase64Url(content);
  return text + "." + bulkhead::toBase64Url(signatureOf(text));
}

std::string ServiceAccount::signatureOf(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free};
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  std::string signature;
  bool good = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  signature.resize(size);
  good = good && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                                &size, bytes, text.size()) == 1;
  if (!good) throw Error::app("SIGNING_FAILED", "A signature could not be computed.");
  signature.resize(size);
  return signature;
}

}  // namespace google_calendar
