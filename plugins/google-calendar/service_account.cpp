#include "service_account.hpp"

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <utility>

#include <bulkhead/error.hpp>
#include <bulkhead/json_nesting.hpp>
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

nlohmann::json documentOf(std::string_view key_file) {
  if (bulkhead::nestsDeeperThan(bulkhead::kJsonLevelsMax, key_file))
    throw invalid("service_account is nested too deeply.");
  auto document = nlohmann::json::parse(key_file, nullptr, false);
  if (!document.is_object()) throw invalid("service_account is not the text of a JSON key file.");
  return document;
}

std::string textIn(const nlohmann::json& document, const char* name) {
  const auto found = document.find(name);
  if (found == document.end() || !found->is_string() ||
      found->get_ref<const std::string&>().empty())
    throw invalid("service_account has no client_email or no private_key.");
  return found->get<std::string>();
}

}  // namespace

ServiceAccount::ServiceAccount(std::string_view key_file) : key_{nullptr, &EVP_PKEY_free} {
  const auto document = documentOf(key_file);
  email_ = textIn(document, "client_email");
  key_ = keyOf(textIn(document, "private_key"));
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
