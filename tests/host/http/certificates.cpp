#include "host/http/certificates.hpp"

#include <cstdio>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <stdlib.h>
#include <sys/stat.h>

namespace bulkhead::host::test {
namespace {

namespace fs = std::filesystem;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void require(bool good) {
  if (!good) throw std::runtime_error{"OpenSSL made no certificate"};
}

File openFile(const fs::path& path, const char* mode) {
  File file{std::fopen(path.c_str(), mode), std::fclose};
  require(file != nullptr);
  return file;
}

Certificate sign(EVP_PKEY* key, const std::string& name, int days) {
  constexpr long kDay = 24L * 3600;
  Certificate certificate{X509_new(), X509_free};
  X509* const x509 = certificate.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -kDay * 400);
  X509_gmtime_adj(X509_getm_notAfter(x509), kDay * days);
  X509_set_pubkey(x509, key);
  X509_NAME* const subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, subject);
  X509_EXTENSION* const names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(x509, names, -1);
  X509_EXTENSION_free(names);
  require(X509_sign(x509, key, EVP_sha256()) > 0);
  return certificate;
}

}  // namespace

PemFiles CertificateFolder::make(const std::string& name, int days) const {
  const PemFiles files{folder_ / (name + ".pem"), folder_ / (name + ".key")};
  const Key key{EVP_EC_gen("P-256"), EVP_PKEY_free};
  require(key != nullptr);
  const Certificate certificate = sign(key.get(), name, days);
  require(PEM_write_X509(openFile(files.certificate, "w").get(), certificate.get()) == 1);
  const File file = openFile(files.key, "w");
  ::chmod(files.key.c_str(), 0600);
  require(PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return files;
}

fs::path CertificateFolder::encrypt(const fs::path& key_file) const {
  const fs::path encrypted = key_file.string() + ".encrypted";
  const Key key{PEM_read_PrivateKey(openFile(key_file, "r").get(), nullptr, nullptr, nullptr),
                EVP_PKEY_free};
  const File file = openFile(encrypted, "w");
  ::chmod(encrypted.c_str(), 0600);
  const std::string phrase = "open sesame";
  require(PEM_write_PrivateKey(file.get(), key.get(), EVP_aes_256_cbc(),
                               reinterpret_cast<const unsigned char*>(phrase.data()),
                               static_cast<int>(phrase.size()), nullptr, nullptr) == 1);
  return encrypted;
}

}  // namespace bulkhead::host::test
