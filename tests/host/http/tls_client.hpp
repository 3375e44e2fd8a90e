#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace bulkhead::host::test {

/// What a TLS client offers.
struct TlsOffer {
  int version_max = TLS1_3_VERSION;
  std::string protocols{"\x08http/1.1"};   ///< ALPN, as on the wire; empty: none
  std::shared_ptr<SSL_SESSION> session{};  ///< to be resumed
};

/// A blocking TLS client that believes any certificate; every wait is bounded.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, const TlsOffer& offer = {}, std::string_view before = {});
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// The handshake succeeded.
  bool isConnected() const noexcept { return connected_; }
  int version() const { return SSL_version(ssl_.get()); }
  std::string protocol() const;
  bool isResumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  /// The session to resume; once something was read, since TLS 1.3 sends tickets behind the
  /// handshake.
  std::shared_ptr<SSL_SESSION> session() const;
  /// "CN = ..." of the host's certificate.
  std::string subject() const;

  bool send(std::string_view bytes);
  /// Changes the keys for sending, and asks the host to do the same (RFC 8446 section 4.6.3).
  bool updateKeys(std::string_view bytes);
  /// The same without bytes behind it, and without asking the host for anything.
  bool updateKeysAlone();
  /// close_notify; the host can still answer.
  void finishSending();
  /// Ends the TCP side without close_notify.
  void cut();
  /// Bytes until `end` stands in them, the end of the connection, or patience.
  std::string readUntil(std::string_view end);
  std::string readAll() { return readUntil({}); }
  /// The host said close_notify.
  bool wasEnded() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  int fd() const noexcept { return fd_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
  };

  int fd_ = -1;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool connected_ = false;
};

}  // namespace bulkhead::host::test
