#include "http/tls_tickets.hpp"

#include <algorithm>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <utility>

namespace bulkhead::host {
namespace {

// What OpenSSL's callback answers (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)).
constexpr int kFailed = -1;
constexpr int kUnknown = 0;
constexpr int kUsable = 1;
constexpr int kUsableOnceMore = 2;

std::chrono::seconds machineClock() {
  return std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

template <std::size_t kSize>
bool fillRandomly(std::array<unsigned char, kSize>& bytes) {
  return RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
}

bool begin(EVP_MAC_CTX* mac, const std::array<unsigned char, 32>& key) {
  char digest[] = "SHA256";
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key.data()),
                                        key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

}  // namespace

TlsTickets::TlsTickets(Seconds period, std::function<Seconds()> now)
    : period_{period}, now_{now ? std::move(now) : machineClock} {}

void TlsTickets::serve(SSL_CTX& context) {
  SSL_CTX_set_app_data(&context, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, &TlsTickets::callback);
  SSL_CTX_set_timeout(&context, static_cast<long>(period_.count()));
}

int TlsTickets::callback(SSL* session, unsigned char* name, unsigned char* iv,
                         EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int sealing) noexcept {
  auto* tickets = static_cast<TlsTickets*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  const std::lock_guard lock{tickets->mutex_};
  tickets->rotate();
  return sealing == 1 ? tickets->seal(name, iv, cipher, mac) : tickets->open(name, iv, cipher, mac);
}

int TlsTickets::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) {
  if (!current_ || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return kFailed;
  std::copy(current_->name.begin(), current_->name.end(), name);
  const bool ready =
      EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, current_->cipher.data(), iv) == 1 &&
      begin(mac, current_->mac);
  return ready ? kUsable : kFailed;
}

int TlsTickets::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) {
  for (const auto* key : {&current_, &previous_}) {
    if (!*key || !std::equal((*key)->name.begin(), (*key)->name.end(), name)) continue;
    const bool ready =
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, (*key)->cipher.data(), iv) == 1 &&
        begin(mac, (*key)->mac);
    if (!ready) return kFailed;
    return key == &current_ ? kUsable : kUsableOnceMore;
  }
  return kUnknown;
}

void TlsTickets::rotate() {
  const Seconds now = now_();
  const auto forget = [](std::optional<Key>& key) {
    if (key) OPENSSL_cleanse(&*key, sizeof *key);
    key.reset();
  };
  if (previous_ && now >= previous_->made + 2 * period_) forget(previous_);
  if (current_ && now < current_->made + period_) return;
  forget(previous_);
  if (current_ && now < current_->made + 2 * period_) previous_ = current_;
  forget(current_);
  Key fresh;
  fresh.made = now;
  if (fillRandomly(fresh.name) && fillRandomly(fresh.cipher) && fillRandomly(fresh.mac))
    current_ = fresh;
  OPENSSL_cleanse(&fresh, sizeof fresh);
}

}  // namespace bulkhead::host
