#include "host/http/tls_client.hpp"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::host::test {
namespace {

constexpr time_t kPatienceSeconds = 5;

int connectTo(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{kPatienceSeconds, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return fd;
}

}  // namespace

TlsClient::TlsClient(std::uint16_t port, const TlsOffer& offer, std::string_view before)
    : fd_{connectTo(port)}, context_{SSL_CTX_new(TLS_client_method())} {
  SSL_CTX_set_security_level(context_.get(), 0);  // offers even what nobody should take
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), offer.version_max);
  ssl_.reset(SSL_new(context_.get()));
  if (!offer.protocols.empty())
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offer.protocols.data()),
                        static_cast<unsigned int>(offer.protocols.size()));
  if (offer.session) SSL_set_session(ssl_.get(), offer.session.get());
  SSL_set_fd(ssl_.get(), fd_);
  ::send(fd_, before.data(), before.size(), MSG_NOSIGNAL);
  connected_ = SSL_connect(ssl_.get()) == 1;
}

TlsClient::~TlsClient() {
  ::close(fd_);
}

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::shared_ptr<SSL_SESSION> TlsClient::session() const {
  return {SSL_get1_session(ssl_.get()), SSL_SESSION_free};
}

std::string TlsClient::subject() const {
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl_.get())),
                            NID_commonName, name.data(), static_cast<int>(name.size()));
  return name.data();
}

bool TlsClient::send(std::string_view bytes) {
  return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
         static_cast<int>(bytes.size());
}

bool TlsClient::updateKeys(std::string_view bytes) {
  return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1 && send(bytes);
}

bool TlsClient::updateKeysAlone() {
  return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
         SSL_do_handshake(ssl_.get()) == 1;
}

void TlsClient::finishSending() {
  SSL_shutdown(ssl_.get());
}

void TlsClient::cut() {
  ::shutdown(fd_, SHUT_WR);
}

std::string TlsClient::readUntil(std::string_view end) {
  std::string text;
  std::array<char, 16384> part{};
  while (end.empty() || text.find(end) == std::string::npos) {
    const int count = SSL_read(ssl_.get(), part.data(), static_cast<int>(part.size()));
    if (count <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace bulkhead::host::test
