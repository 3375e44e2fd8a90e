#pragma once

#include <cstddef>
#include <memory>
#include <openssl/ssl.h>
#include <span>
#include <string_view>
#include <sys/types.h>
#include <sys/uio.h>

#include "runtime/file_descriptor.hpp"

namespace bulkhead::host {

/// One client's connected socket, non-blocking, in clear or through TLS. What it tells is that of
/// recv(2) and send(2), errno included, so that the connection above need not know which it is.
/// A TLS session has read no further than what receive() gave, as long as its buffer holds a whole
/// record (16 KiB): then epoll's word on the descriptor is the truth for the session, too.
class ClientSocket {
 public:
  enum class Handshake { Done, Waiting, Failed };

  explicit ClientSocket(FileDescriptor descriptor) : descriptor_{std::move(descriptor)} {}
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;
  /// close().
  ~ClientSocket() { close(); }

  bool isOpen() const noexcept { return static_cast<bool>(descriptor_); }
  int descriptor() const noexcept { return descriptor_.get(); }
  bool isTls() const noexcept { return tls_ != nullptr; }

  /// From here on everything goes through TLS. False when there is no memory for it.
  bool beginTls(SSL_CTX* context);
  /// One step; with Failed the socket is in clear again and the client was sent the alert.
  Handshake shakeHands();
  /// Waits for room to write, whatever the connection itself has to write.
  bool wantsWrite() const noexcept { return wants_write_ || end_waits_; }

  /// 0: the client has ended its side, with or without close_notify.
  ssize_t receive(std::span<char> buffer);
  ssize_t send(std::string_view bytes);
  /// Of TLS at most 256 KiB at a time, so that one fast reader does not hold the loop.
  ssize_t send(std::span<const iovec> pieces);
  /// True when bytes that nobody has read yet stand in the socket.
  bool hasUnread() const noexcept;
  /// Tells the client that nothing more comes; what it sends can still be read. False when the
  /// connection is gone. While wantsWrite() it is to be called again.
  bool finishSending();
  void close() noexcept;
  /// close() will be a reset, without close_notify: the client cannot take what it has got for all.
  void resetOnClose() noexcept;

 private:
  struct Free {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
  };

  ssize_t outcome(int result, bool at_end_is_end);
  ssize_t sendRecords(std::string_view bytes, std::size_t bytes_max);

  FileDescriptor descriptor_;
  std::unique_ptr<SSL, Free> tls_;
  bool wants_write_ = false;
  bool end_waits_ = false;  ///< close_notify found no room yet
  bool broken_ = false;     ///< the session failed: nothing may be sent through it, not even an end
};

}  // namespace bulkhead::host
