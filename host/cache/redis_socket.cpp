#include "cache/redis_socket.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <array>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

namespace bulkhead::host::cache {
namespace {

using Poco::Net::Context;
using Poco::Net::SecureStreamSocket;
using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;
using Clock = std::chrono::steady_clock;

constexpr int kVerificationDepth = 9;

Context::Ptr contextOf(const RedisAddress& address) {
  auto context =
      Poco::makeAuto<Context>(Context::TLS_CLIENT_USE, "", "", address.ca_file,
                              Context::VERIFY_STRICT, kVerificationDepth, address.ca_file.empty());
  context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  context->enableExtendedCertificateVerification(true);
  return context;
}

void awaitReady(int descriptor, short events, Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  pollfd watched{descriptor, events, 0};
  if (left.count() > 0) ::poll(&watched, 1, static_cast<int>(left.count()));
  if (Clock::now() >= until) throw Poco::TimeoutException{"TLS handshake"};
}

/// All of it before a byte of ours goes out: of a socket that does not wait Poco shakes hands while
/// it sends, and looks at no name.
void shakeHands(SecureStreamSocket& socket, const std::string& host, Clock::time_point until) {
  const int descriptor = static_cast<int>(socket.impl()->sockfd());
  for (int state = socket.completeHandshake(); state != 1; state = socket.completeHandshake()) {
    if (state == 0) throw Poco::Net::SSLException{"The other side has ended the TLS handshake"};
    awaitReady(descriptor, state == SecureStreamSocket::ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN,
               until);
  }
  socket.verifyPeerCertificate(host);
}

}  // namespace

std::string RedisAddress::text() const {
  return unix_socket.empty() ? fmt::format("{}:{}", host, port) : unix_socket;
}

RedisSocket::RedisSocket(const RedisAddress& address, std::chrono::milliseconds patience)
    : socket_{connect(address, patience)} {}

StreamSocket RedisSocket::connect(const RedisAddress& address, std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  const bool is_unix = !address.unix_socket.empty();
  const SocketAddress place = is_unix
                                  ? SocketAddress{SocketAddress::UNIX_LOCAL, address.unix_socket}
                                  : SocketAddress{address.host, address.port};
  StreamSocket socket;
  socket.connect(place, Poco::Timespan{std::chrono::microseconds{patience}.count()});
  if (!is_unix) socket.setNoDelay(true);
  socket.setBlocking(false);
  ::fcntl(static_cast<int>(socket.impl()->sockfd()), F_SETFD, FD_CLOEXEC);
  if (!address.tls) return socket;
  auto secure = SecureStreamSocket::attach(socket, address.host, contextOf(address));
  shakeHands(secure, address.host, until);
  return secure;
}

RedisSocket::Waits RedisSocket::waitsFor(int result, Waits plain) const {
  if (result == 0) return Waits::Closed;
  if (!socket_.secure()) return plain;
  return result == SecureStreamSocket::ERR_SSL_WANT_WRITE ? Waits::ForWriting : Waits::ForReading;
}

RedisSocket::Waits RedisSocket::send(std::string_view& bytes) {
  while (!bytes.empty()) {
    const int sent = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()), MSG_NOSIGNAL);
    if (sent <= 0) return waitsFor(sent, Waits::ForWriting);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return Waits::Nothing;
}

RedisSocket::Waits RedisSocket::receive(std::string& bytes) {
  std::array<char, 16 * 1024> buffer;
  const int got = socket_.receiveBytes(buffer.data(), static_cast<int>(buffer.size()));
  if (got <= 0) return waitsFor(got, Waits::ForReading);
  bytes.append(buffer.data(), static_cast<std::size_t>(got));
  return Waits::Nothing;
}

}  // namespace bulkhead::host::cache
