#include "http/client_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

namespace bulkhead::host {
namespace {

constexpr std::size_t kTlsBytesPerSend = 256 * 1024;
constexpr std::size_t kTlsBytesPerCall = 1U << 30U;  // SSL_write takes an int

int descriptorOf(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

// OpenSSL's own socket BIO writes by write(2), which raises SIGPIPE.
int writeBio(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      ::send(descriptorOf(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int readBio(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::recv(descriptorOf(bio), bytes, static_cast<std::size_t>(size), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(count);
}

long controlBio(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* bioMethod() {
  static const BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "client");
    if (method == nullptr) return method;
    BIO_meth_set_write(method, writeBio);
    BIO_meth_set_read(method, readBio);
    BIO_meth_set_ctrl(method, controlBio);
    return method;
  }();
  return kMethod;
}

}  // namespace

bool ClientSocket::beginTls(SSL_CTX* context) {
  BIO* bio = bioMethod() == nullptr ? nullptr : BIO_new(bioMethod());
  tls_.reset(SSL_new(context));
  if (bio == nullptr || !tls_) {
    BIO_free(bio);
    tls_.reset();
    return false;
  }
  BIO_set_data(bio, reinterpret_cast<void*>(std::intptr_t{descriptor()}));
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
  SSL_set_accept_state(tls_.get());
  return true;
}

ClientSocket::Handshake ClientSocket::shakeHands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  const int error = SSL_get_error(tls_.get(), result);
  wants_write_ = error == SSL_ERROR_WANT_WRITE;
  if (result == 1) return Handshake::Done;
  if (wants_write_ || error == SSL_ERROR_WANT_READ) return Handshake::Waiting;
  ERR_clear_error();
  tls_.reset();
  return Handshake::Failed;
}

/// The session's word as that of recv and send.
ssize_t ClientSocket::outcome(int result, bool at_end_is_end) {
  if (result > 0) return result;
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    wants_write_ = error == SSL_ERROR_WANT_WRITE;
    errno = EAGAIN;
    return -1;
  }
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN && at_end_is_end) return 0;
  broken_ = true;
  errno = ECONNRESET;
  return -1;
}

ssize_t ClientSocket::receive(std::span<char> buffer) {
  if (!tls_) return ::recv(descriptor(), buffer.data(), buffer.size(), 0);
  ERR_clear_error();
  wants_write_ = false;
  return outcome(SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size())), true);
}

ssize_t ClientSocket::send(std::string_view bytes) {
  if (!tls_) return ::send(descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sendRecords(bytes, kTlsBytesPerSend);
}

ssize_t ClientSocket::send(std::span<const iovec> pieces) {
  if (!tls_) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    return ::sendmsg(descriptor(), &message, MSG_NOSIGNAL);
  }
  std::size_t total = 0;
  for (const iovec& piece : pieces) {
    const ssize_t sent = sendRecords({static_cast<const char*>(piece.iov_base), piece.iov_len},
                                     kTlsBytesPerSend - total);
    if (sent < 0) return total > 0 ? static_cast<ssize_t>(total) : sent;
    total += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < piece.iov_len || total >= kTlsBytesPerSend) break;
  }
  return static_cast<ssize_t>(total);
}

/// Record by record, until the socket is full or about `bytes_max` are sent. What a full socket
/// left half-way is tried again with the same bytes at the front, as SSL_write wants it.
ssize_t ClientSocket::sendRecords(std::string_view bytes, std::size_t bytes_max) {
  std::size_t total = 0;
  while (total < bytes.size() && total < bytes_max) {
    ERR_clear_error();
    const std::size_t size = std::min(bytes.size() - total, kTlsBytesPerCall);
    const ssize_t sent =
        outcome(SSL_write(tls_.get(), bytes.data() + total, static_cast<int>(size)), false);
    if (sent < 0) return total > 0 && errno == EAGAIN ? static_cast<ssize_t>(total) : sent;
    total += static_cast<std::size_t>(sent);
  }
  wants_write_ = false;
  return static_cast<ssize_t>(total);
}

bool ClientSocket::hasUnread() const noexcept {
  if (tls_ && SSL_has_pending(tls_.get()) == 1) return true;
  char next = 0;
  return ::recv(descriptor(), &next, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool ClientSocket::finishSending() {
  end_waits_ = false;
  if (tls_ && !broken_) {
    ERR_clear_error();
    const int result = SSL_shutdown(tls_.get());
    end_waits_ = result < 0 && SSL_get_error(tls_.get(), result) == SSL_ERROR_WANT_WRITE;
    ERR_clear_error();
    if (end_waits_) return true;
  }
  return ::shutdown(descriptor(), SHUT_WR) == 0;
}

void ClientSocket::close() noexcept {
  if (tls_ && !broken_ && SSL_is_init_finished(tls_.get()) == 1) {
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  tls_.reset();
  wants_write_ = end_waits_ = false;
  descriptor_.reset();
}

void ClientSocket::resetOnClose() noexcept {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  broken_ = true;
}

}  // namespace bulkhead::host
