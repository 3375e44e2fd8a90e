#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string>

namespace google_calendar {

/// A key of this run of the tests, in PEM.
inline const std::string& privateKey() {
  static const std::string kPem = [] {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_RSA_gen(2048U),
                                                                  &EVP_PKEY_free};
    const std::unique_ptr<BIO, decltype(&BIO_free)> out{BIO_new(BIO_s_mem()), &BIO_free};
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return std::string{data, static_cast<std::size_t>(size)};
  }();
  return kPem;
}

/// A service account's key file, as Google makes it.
inline std::string keyFile() {
  return nlohmann::json{{"type", "service_account"},
                        {"client_email", "svc@proj.iam.gserviceaccount.com"},
                        {"private_key", privateKey()}}
      .dump();
}

}  // namespace google_calendar
