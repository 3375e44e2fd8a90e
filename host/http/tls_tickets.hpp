#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <openssl/ssl.h>
#include <optional>

namespace bulkhead::host {

/// The keys that session tickets are sealed with (RFC 5077), so that a returning client resumes
/// without the host keeping anything about it. A key seals for one period and opens for one more;
/// then it is gone, and with it whatever could open an old recording. Thread-safe.
class TlsTickets {
 public:
  using Seconds = std::chrono::seconds;
  /// `now` is monotonic; empty: the machine's clock.
  explicit TlsTickets(Seconds period = Seconds{6 * 3600}, std::function<Seconds()> now = {});

  /// Makes the context seal its tickets here; this object outlives it.
  void serve(SSL_CTX& context);

 private:
  struct Key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
    Seconds made{};
  };

  static int callback(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                      EVP_MAC_CTX* mac, int sealing) noexcept;
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac);
  void rotate();

  const Seconds period_;
  const std::function<Seconds()> now_;
  std::mutex mutex_;
  std::optional<Key> current_;
  std::optional<Key> previous_;
};

}  // namespace bulkhead::host
