#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <openssl/ssl.h>
#include <string>

#include "http/tls_tickets.hpp"

namespace bulkhead::host {

/// PEM files: the certificate with the chain up to, and without, the root behind it; its key.
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// How the host proves who it is and what it speaks: TLS 1.2 and 1.3, ciphers with forward secrecy,
/// ALPN http/1.1, resumption by ticket alone, no renegotiation. Never changes: a renewed
/// certificate is another context, and connections keep the one that they began with.
class TlsContext {
 public:
  /// Reads the files. Throws Error configuration TLS_CERTIFICATE or TLS_KEY, naming the file and
  /// the cure, when one cannot be read, is not PEM, is encrypted, may be read by others, or when
  /// they do not belong together.
  TlsContext(const TlsFiles& files, std::shared_ptr<TlsTickets> tickets);

  SSL_CTX* handle() const noexcept { return context_.get(); }
  /// End of the first certificate of the chain that ends.
  std::chrono::system_clock::time_point expires() const noexcept { return expires_; }
  /// SHA-256 of the certificate, 64 hex digits: what tells one from another.
  const std::string& fingerprint() const noexcept { return fingerprint_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  };

  std::shared_ptr<TlsTickets> tickets_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::chrono::system_clock::time_point expires_;
  std::string fingerprint_;
};

}  // namespace bulkhead::host
