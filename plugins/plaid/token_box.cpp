#include "token_box.hpp"

#include <memory>
#include <openssl/evp.h>

#include <bulkhead/error.hpp>
#include <bulkhead/signing.hpp>

namespace plaid {
namespace {

constexpr std::string_view kMark = "sealed1.";
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

[[noreturn]] void refuse() {
  throw bulkhead::Error::configuration(
      "NOT_CONFIGURED", "token_key is not the one under which this connection's token was sealed.");
}

}  // namespace

TokenBox::TokenBox(const bulkhead::Host& host, std::string_view key)
    : host_{host}, key_{key.empty() ? std::string{} : bulkhead::sha256(key)} {}

std::string TokenBox::seal(std::string_view token, std::string_view tenant) const {
  if (key_.empty()) return std::string{token};
  std::string sealed = host_.randomBytes(kNonceBytes);
  std::string hidden(token.size(), '\0');
  std::string tag(kTagBytes, '\0');
  int size = 0;
  const Cipher cipher{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
  const bool good =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key_), raw(sealed)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, raw(tenant),
                        static_cast<int>(tenant.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), raw(hidden), &size, raw(token),
                        static_cast<int>(token.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), raw(tag), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                          tag.data()) == 1;
  if (!good) throw bulkhead::Error::app("SEALING_FAILED", "A token could not be sealed.");
  sealed += hidden;
  sealed += tag;
  return std::string{kMark} + bulkhead::toBase64Url(sealed);
}

std::string TokenBox::open(std::string_view sealed, std::string_view tenant) const {
  if (!sealed.starts_with(kMark)) return std::string{sealed};
  const auto bytes = bulkhead::fromBase64Url(sealed.substr(kMark.size()));
  if (key_.empty() || !bytes || bytes->size() < kNonceBytes + kTagBytes) refuse();
  const std::string_view all{*bytes};
  const std::string_view hidden = all.substr(kNonceBytes, all.size() - kNonceBytes - kTagBytes);
  std::string tag{all.substr(all.size() - kTagBytes)};
  std::string token(hidden.size(), '\0');
  std::string rest(kTagBytes, '\0');
  int size = 0;
  const Cipher cipher{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
  const bool good =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key_), raw(all)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, raw(tenant),
                        static_cast<int>(tenant.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), raw(token), &size, raw(hidden),
                        static_cast<int>(hidden.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                          tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), raw(rest), &size) == 1;
  if (!good) refuse();
  return token;
}

}  // namespace plaid
