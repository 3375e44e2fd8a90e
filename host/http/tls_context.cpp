#include "http/tls_context.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <bulkhead/error.hpp>

namespace bulkhead::host {
namespace {

namespace fs = std::filesystem;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

/// Forward secrecy and authenticated encryption; TLS 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::string_view kProtocol{"\x08http/1.1", 9};

Error badCertificate(const fs::path& file, std::string_view why) {
  return Error::configuration("TLS_CERTIFICATE",
                              fmt::format("tls.certificate {} {}.", file.string(), why));
}

Error badKey(const fs::path& file, std::string_view why) {
  return Error::configuration("TLS_KEY", fmt::format("tls.key {} {}.", file.string(), why));
}

/// The newest entry of OpenSSL's queue, which is emptied.
std::string lastReason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "OpenSSL does not say why" : reason;
}

std::string cannotRead(int error) {
  return fmt::format("cannot be read: {}", std::strerror(error));
}

/// Group may read, as with Debian's ssl-cert; others may not.
void checkRights(const fs::path& file, std::FILE& open_file) {
  struct stat status {};
  if (::fstat(::fileno(&open_file), &status) != 0) throw badKey(file, cannotRead(errno));
  if (!S_ISREG(status.st_mode)) throw badKey(file, "is no regular file");
  if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    throw badKey(file,
                 fmt::format("has mode {:03o}, so that others can get at it; run: chmod 600 {}",
                             status.st_mode & 0777, file.string()));
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    throw badKey(file, fmt::format("belongs to user {}, who is neither this host's nor root; run: "
                                   "chown {} {}",
                                   status.st_uid, ::geteuid(), file.string()));
  }
}

int refusePassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Key readKey(const fs::path& path) {
  const File file{std::fopen(path.c_str(), "re"), std::fclose};
  if (!file) throw badKey(path, cannotRead(errno));
  checkRights(path, *file);
  bool encrypted = false;
  Key key{PEM_read_PrivateKey(file.get(), nullptr, refusePassphrase, &encrypted), EVP_PKEY_free};
  if (encrypted) {
    ERR_clear_error();
    throw badKey(path, fmt::format("is encrypted; decrypt it with: openssl pkey -in {} -out FILE",
                                   path.string()));
  }
  if (!key) throw badKey(path, fmt::format("holds no private key in PEM form ({})", lastReason()));
  return key;
}

void useCertificate(SSL_CTX& context, const fs::path& path) {
  if (::access(path.c_str(), R_OK) != 0) throw badCertificate(path, cannotRead(errno));
  if (SSL_CTX_use_certificate_chain_file(&context, path.c_str()) == 1) return;
  throw badCertificate(path,
                       fmt::format("holds no usable certificate in PEM form ({})", lastReason()));
}

void useKey(SSL_CTX& context, const TlsFiles& files) {
  const Key key = readKey(files.key);
  const X509* certificate = SSL_CTX_get0_certificate(&context);
  if (X509_check_private_key(certificate, key.get()) != 1) {
    ERR_clear_error();
    throw badKey(files.key,
                 fmt::format("does not belong to tls.certificate {}; set both to one pair",
                             files.certificate.string()));
  }
  if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1)
    throw badKey(files.key, fmt::format("cannot be used ({})", lastReason()));
}

/// A client that offers protocols without HTTP/1.1 among them is refused (RFC 7301 §3.2).
int chooseProtocol(SSL*, const unsigned char** chosen, unsigned char* length,
                   const unsigned char* offered, unsigned int offered_length, void*) {
  unsigned char* match = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(kProtocol.data());
  if (SSL_select_next_proto(&match, length, ours, kProtocol.size(), offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

bool setProtocols(SSL_CTX& context) {
  // A client that ends without close_notify has ended: HTTP knows itself what was whole.
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                    SSL_OP_PRIORITIZE_CHACHA);
  // Answers leave in pieces, from buffers that move; an idle session gives its buffers back.
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  // A flood of records without data must not keep the loop inside one read.
  SSL_CTX_clear_mode(&context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(&context, chooseProtocol, nullptr);
  return SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(&context, kCiphers) == 1 &&
         SSL_CTX_set1_groups_list(&context, kGroups) == 1;
}

std::chrono::system_clock::time_point endOf(const X509& certificate) {
  std::tm end{};
  ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &end);
  return std::chrono::system_clock::from_time_t(::timegm(&end));
}

std::chrono::system_clock::time_point firstEnd(SSL_CTX& context) {
  auto first = endOf(*SSL_CTX_get0_certificate(&context));
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(&context, &chain);
  for (int i = 0; i < sk_X509_num(chain); ++i)
    first = std::min(first, endOf(*sk_X509_value(chain, i)));
  return first;
}

std::string fingerprintOf(const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(&certificate, EVP_sha256(), digest.data(), &size);
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + size, ""));
}

}  // namespace

TlsContext::TlsContext(const TlsFiles& files, std::shared_ptr<TlsTickets> tickets)
    : tickets_{std::move(tickets)}, context_{SSL_CTX_new(TLS_server_method())} {
  ERR_clear_error();
  if (!context_ || !setProtocols(*context_))
    throw Error::configuration("TLS", fmt::format("OpenSSL cannot be used: {}.", lastReason()));
  useCertificate(*context_, files.certificate);
  useKey(*context_, files);
  tickets_->serve(*context_);
  expires_ = firstEnd(*context_);
  fingerprint_ = fingerprintOf(*SSL_CTX_get0_certificate(context_.get()));
}

}  // namespace bulkhead::host
