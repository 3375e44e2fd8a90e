#include "cache/redis_socket.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <array>
#include <fmt/format.h>

namespace bulkhead::host::cache {
namespace {

using Poco::Net::Context;
using Poco::Net::SecureStreamSocket;
using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;

constexpr int kVerificationDepth = 9;

Context::Ptr contextOf(const RedisAddress& address) {
  auto context =
      Poco::makeAuto<Context>(Context::TLS_CLIENT_USE, "", "", address.ca_file,
                              Context::VERIFY_STRICT, kVerificationDepth, address.ca_file.empty());
  context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  context->enableExtendedCertificateVerification(true);
  return context;
}

}  // namespace

std::string RedisAddress::text() const {
  return unix_socket.empty() ? fmt::format("{}:{}", host, port) : unix_socket;
}

RedisSocket::RedisSocket(const RedisAddress& address, std::chrono::milliseconds patience)
    : socket_{connect(address, patience)} {}

StreamSocket RedisSocket::connect(const RedisAddress& address, std::chrono::milliseconds patience) {
  const bool is_unix = !address.unix_socket.empty();
  const SocketAddress place = is_unix
                                  ? SocketAddress{SocketAddress::UNIX_LOCAL, address.unix_socket}
                                  : SocketAddress{address.host, address.port};
  StreamSocket socket;
  socket.connect(place, Poco::Timespan{std::chrono::microseconds{patience}.count()});
  if (!is_unix) socket.setNoDelay(true);
  socket.setBlocking(false);
  if (!address.tls) return socket;
  return SecureStreamSocket::attach(socket, address.host, contextOf(address));
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
