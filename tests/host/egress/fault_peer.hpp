#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/http/certificates.hpp"

namespace bulkhead::host::egress::test {

/// A service of the worst kind: listens on loopback, and does with each connection what its script
/// says. Ends with this object, whatever hangs.
class FaultPeer {
 public:
  enum class Skin { Plain, Tls, NeverTls };

  /// One connection, on its own thread.
  class Talk {
   public:
    Talk(FaultPeer& peer, int socket, SSL* tls) : peer_{peer}, socket_{socket}, tls_{tls} {}

    /// A whole request, head and body; empty when the connection has ended.
    std::string readRequest();
    void write(std::string_view bytes);
    /// One after the other, so slowly.
    void drip(std::string_view bytes, std::chrono::milliseconds each);
    void hang() { peer_.pause(std::chrono::hours{1}); }
    /// Says goodbye as TLS does, and closes.
    void endCleanly();
    /// Closes as somebody on the way would.
    void cut();

   private:
    bool readMore(std::string& bytes);

    FaultPeer& peer_;
    int socket_;
    SSL* tls_;
  };
  using Script = std::function<void(Talk&)>;

  struct Options {
    Skin skin = Skin::Tls;
    const char* address = "127.0.0.1";
    int tls_max = TLS1_3_VERSION;
    std::uint16_t port = 0;  ///< a free one
  };

  FaultPeer(Script script, const host::test::PemFiles& identity, Options options);
  FaultPeer(Script script, const host::test::PemFiles& identity)
      : FaultPeer{std::move(script), identity, Options{}} {}
  ~FaultPeer();
  FaultPeer(const FaultPeer&) = delete;
  FaultPeer& operator=(const FaultPeer&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  std::vector<std::string> requests() const;
  /// Waits until so many connections have ended.
  bool awaitEnded(int count);

 private:
  void accept();
  void serve(int socket);
  bool pause(std::chrono::milliseconds time);
  bool isStopping() const;

  const Script script_;
  const Options options_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  int ended_ = 0;
  std::vector<int> sockets_;
  std::vector<std::string> requests_;
  std::vector<std::thread> talks_;
  std::thread acceptor_;
};

/// "HTTP/1.1 200 OK" with that body and its length.
std::string wholeAnswer(std::string_view body, std::string_view fields = {});

}  // namespace bulkhead::host::egress::test
