#include "http/opening.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>

#include "http/proxy_header.hpp"

namespace bulkhead::host {
namespace {

/// A request in clear begins with the method, TLS with the type of its first record.
bool beginsLikeHttp(char first) {
  return first >= 'A' && first <= 'Z';
}

}  // namespace

Opening::State Opening::advance(ClientSocket& socket, Peer& peer) {
  if (proxy_header_) {
    const State state = readProxyHeader(socket, peer);
    if (state != State::Done) return state;
    proxy_header_ = false;
  }
  if (tls_ && !socket.isTls()) {
    const State state = beginTls(socket);
    if (state != State::Done) return state;
  }
  if (!socket.isTls()) return State::Done;
  switch (socket.shakeHands()) {
    case ClientSocket::Handshake::Waiting:
      return State::Waiting;
    case ClientSocket::Handshake::Failed:
      return refuse(Rejection::TlsHandshake);
    case ClientSocket::Handshake::Done:
      break;
  }
  peer.secure = true;
  return State::Done;
}

Opening::State Opening::readProxyHeader(ClientSocket& socket, Peer& peer) {
  ProxyHeader parsed;
  for (;;) {
    std::array<char, 512> buffer{};
    const std::size_t size = std::min(ProxyHeader::wanted(header_), buffer.size());
    const ssize_t count = socket.receive({buffer.data(), size});
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return State::Waiting;
    if (count <= 0) return header_.empty() ? State::Gone : refuse(Rejection::ProxyHeader);
    begun_ = true;
    header_.append(buffer.data(), static_cast<std::size_t>(count));
    const ProxyHeader::State state = parsed.parse(header_);
    if (state == ProxyHeader::State::Refused) return refuse(Rejection::ProxyHeader);
    if (state == ProxyHeader::State::Complete) break;
  }
  if (parsed.isProxied()) peer.address = parsed.address();
  std::string{}.swap(header_);
  return State::Done;
}

Opening::State Opening::beginTls(ClientSocket& socket) {
  char first = 0;
  const ssize_t count = ::recv(socket.descriptor(), &first, 1, MSG_PEEK);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return State::Waiting;
  if (count <= 0) return State::Gone;
  begun_ = true;
  if (beginsLikeHttp(first)) return State::PlainHttp;
  return socket.beginTls(tls_->handle()) ? State::Done : refuse(Rejection::TlsHandshake);
}

Opening::State Opening::refuse(Rejection reason) {
  reason_ = reason;
  return State::Refused;
}

}  // namespace bulkhead::host
