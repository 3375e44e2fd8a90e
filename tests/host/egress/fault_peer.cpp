#include "host/egress/fault_peer.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <fmt/format.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace bulkhead::host::egress::test {
namespace {

using ContextOwner = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

ContextOwner contextOf(const host::test::PemFiles& identity, int tls_max) {
  ContextOwner context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), tls_max);
  if (tls_max < TLS1_2_VERSION) SSL_CTX_set_cipher_list(context.get(), "DEFAULT@SECLEVEL=0");
  const bool good =
      SSL_CTX_use_certificate_chain_file(context.get(), identity.certificate.c_str()) == 1 &&
      SSL_CTX_use_PrivateKey_file(context.get(), identity.key.c_str(), SSL_FILETYPE_PEM) == 1;
  if (!good) throw std::runtime_error{"the peer has no certificate"};
  return context;
}

std::size_t bodyLength(std::string_view head) {
  constexpr std::string_view kName = "content-length: ";
  std::string lower{head};
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto found = lower.find(kName);
  std::size_t length = 0;
  if (found != std::string::npos)
    std::from_chars(lower.data() + found + kName.size(), lower.data() + lower.size(), length);
  return length;
}

}  // namespace

bool FaultPeer::Talk::readMore(std::string& bytes) {
  char buffer[4096];
  const auto count = tls_ != nullptr ? SSL_read(tls_, buffer, sizeof buffer)
                                     : static_cast<int>(::recv(socket_, buffer, sizeof buffer, 0));
  if (count > 0) bytes.append(buffer, static_cast<std::size_t>(count));
  return count > 0;
}

std::string FaultPeer::Talk::readRequest() {
  std::string bytes;
  std::size_t head = std::string::npos;
  while ((head = bytes.find("\r\n\r\n")) == std::string::npos) {
    if (!readMore(bytes)) return {};
  }
  const std::size_t whole = head + 4 + bodyLength(std::string_view{bytes}.substr(0, head + 2));
  while (bytes.size() < whole) {
    if (!readMore(bytes)) return {};
  }
  const std::lock_guard lock{peer_.mutex_};
  peer_.requests_.push_back(bytes);
  return bytes;
}

void FaultPeer::Talk::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count =
        tls_ != nullptr
            ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
            : static_cast<int>(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void FaultPeer::Talk::drip(std::string_view bytes, std::chrono::milliseconds each) {
  for (const char& byte : bytes) {
    write({&byte, 1});
    if (!peer_.pause(each)) return;
  }
}

void FaultPeer::Talk::endCleanly() {
  if (tls_ != nullptr) SSL_shutdown(tls_);
  ::shutdown(socket_, SHUT_WR);
}

void FaultPeer::Talk::cut() {
  if (tls_ != nullptr) SSL_set_quiet_shutdown(tls_, 1);
  ::shutdown(socket_, SHUT_RDWR);
}

FaultPeer::FaultPeer(Script script, const host::test::PemFiles& identity, Options options)
    : script_{std::move(script)},
      options_{options},
      context_{contextOf(identity, options.tls_max)},
      listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  inet_pton(AF_INET, options_.address, &address.sin_addr);
  const int on = 1;  // a port may be taken again at once
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) != 0 || ::listen(listener_, 64) != 0)
    throw std::runtime_error{"the peer has no port"};
  ::getsockname(listener_, any, &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread{[this] { accept(); }};
}

FaultPeer::~FaultPeer() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    changed_.notify_all();
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& talk : talks_) talk.join();
  ::close(listener_);
  for (const int socket : sockets_) ::close(socket);
}

void FaultPeer::accept() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    ++connections_;
    const std::lock_guard lock{mutex_};
    sockets_.push_back(socket);
    if (stopping_) return;
    talks_.emplace_back([this, socket] { serve(socket); });
  }
}

void FaultPeer::serve(int socket) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> tls{
      options_.skin == Skin::Tls ? SSL_new(context_.get()) : nullptr, SSL_free};
  bool ready = options_.skin == Skin::Plain;
  if (options_.skin == Skin::NeverTls) pause(std::chrono::hours{1});
  if (tls) {
    SSL_set_fd(tls.get(), socket);
    ready = SSL_accept(tls.get()) == 1;
  }
  if (ready) {
    Talk talk{*this, socket, tls.get()};
    script_(talk);
  }
  ::shutdown(socket, SHUT_RDWR);
  const std::lock_guard lock{mutex_};
  ++ended_;
  changed_.notify_all();
}

/// False when the peer ends meanwhile.
bool FaultPeer::pause(std::chrono::milliseconds time) {
  std::unique_lock lock{mutex_};
  return !changed_.wait_for(lock, time, [this] { return stopping_; });
}

std::vector<std::string> FaultPeer::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

bool FaultPeer::awaitEnded(int count) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return ended_ >= count; });
}

std::string wholeAnswer(std::string_view body, std::string_view fields) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", body.size(), fields,
                     body);
}

}  // namespace bulkhead::host::egress::test
