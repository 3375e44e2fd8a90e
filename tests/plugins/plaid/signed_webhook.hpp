#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdexcept>
#include <string>

#include <bulkhead/signing.hpp>

#include "webhook_token.hpp"

namespace plaid {

/// A key pair of P-256, and what Plaid would do with it.
class Signer {
 public:
  explicit Signer(std::string id = "key-1") : id_{std::move(id)} {
    if (!pair_) throw std::runtime_error{"no key was made"};
  }

  const std::string& id() const { return id_; }
  VerificationKey key() const {
    return {coordinate(OSSL_PKEY_PARAM_EC_PUB_X), coordinate(OSSL_PKEY_PARAM_EC_PUB_Y)};
  }
  /// What POST /webhook_verification_key/get answers.
  std::string answer(const nlohmann::json& expired_at = nullptr) const {
    return nlohmann::json{{"key",
                           {{"alg", "ES256"},
                            {"crv", "P-256"},
                            {"kid", id_},
                            {"kty", "EC"},
                            {"use", "sig"},
                            {"x", bulkhead::toBase64Url(key().x)},
                            {"y", bulkhead::toBase64Url(key().y)},
                            {"created_at", 1560466150},
                            {"expired_at", expired_at}}}}
        .dump();
  }
  /// The Plaid-Verification header of that body.
  std::string header(const std::string& body, std::int64_t issued_s,
                     const std::string& algorithm = "ES256") const {
    const nlohmann::json head{{"alg", algorithm}, {"kid", id_}, {"typ", "JWT"}};
    const nlohmann::json claims{{"iat", issued_s},
                                {"request_body_sha256", bulkhead::sha256Hex(body)}};
    const std::string text =
        bulkhead::toBase64Url(head.dump()) + "." + bulkhead::toBase64Url(claims.dump());
    return text + "." + bulkhead::toBase64Url(sign(text));
  }

 private:
  std::string coordinate(const char* name) const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(pair_.get(), name, &number);
    const std::string bytes = padded(number);
    BN_free(number);
    return bytes;
  }
  static std::string padded(const BIGNUM* number) {
    std::string bytes(32, '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), 32);
    return bytes;
  }
  std::string sign(const std::string& text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest{EVP_MD_CTX_new(),
                                                                         &EVP_MD_CTX_free};
    EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, pair_.get());
    std::size_t size = 200;
    std::string der(size, '\0');
    EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(der.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    const auto* start = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair{
        d2i_ECDSA_SIG(nullptr, &start, static_cast<long>(size)), &ECDSA_SIG_free};
    return padded(ECDSA_SIG_get0_r(pair.get())) + padded(ECDSA_SIG_get0_s(pair.get()));
  }

  std::string id_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair_{EVP_EC_gen("P-256"), &EVP_PKEY_free};
};

}  // namespace plaid
