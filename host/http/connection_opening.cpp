// The opening half of Connection: what a client has to show before its first request.
#include <algorithm>
#include <chrono>
#include <utility>

#include "http/connection.hpp"

namespace bulkhead::host {

/// False for a peer that may not say for whom it speaks, and where TLS has no certificate.
bool Connection::beginOpening(const Service& service) {
  const FrontOptions& options = loop_.shared().options;
  const bool believed =
      options.may_send_proxy_header && options.may_send_proxy_header(peer_.address.text());
  if (service.proxy_protocol && !believed) {
    loop_.counters().count(Rejection::ProxyHeader);
    return false;
  }
  std::shared_ptr<const TlsContext> tls = service.tls ? loop_.shared().tls.load() : nullptr;
  if (service.tls && tls == nullptr) return false;
  opening_ = std::make_unique<Opening>(service.proxy_protocol, std::move(tls));
  return true;
}

void Connection::open() {
  switch (opening_->advance(socket_, peer_)) {
    case Opening::State::Waiting:
      return;
    case Opening::State::Done:
      onOpened();
      return;
    case Opening::State::PlainHttp:
      opening_.reset();
      refuse(Error::validation("TLS_REQUIRED", "This port speaks HTTPS: use https:// here."),
             Rejection::PlainHttp);
      return;
    case Opening::State::Refused:
      refuseOpening(opening_->reason());
      return;
    case Opening::State::Gone:
      close();
  }
}

/// Requests may come. Behind a balancer only now it is known whose connection it is.
void Connection::onOpened() {
  opening_.reset();
  standing_since_us_ = loop_.now();
  const FrontOptions& options = loop_.shared().options;
  if (countedByIp() || peer_.address.isUnix() || options.exempt_from_ip_cap(peer_.address.text()))
    return;
  if (!loop_.shared().ips.enter(peer_.address.text(), options.connections_per_ip_max)) {
    loop_.counters().count(Rejection::IpCap);
    close();
    return;
  }
  countByIp();
}

/// Lets the client read why, such as the alert of TLS.
void Connection::refuseOpening(Rejection reason) {
  opening_.reset();
  loop_.counters().count(reason);
  closing_ = last_request_ = must_linger_ = true;
  endConnection();
}

/// From the connection's first moment on, however its bytes drip.
std::int64_t Connection::openingDue() const {
  const FrontOptions& options = loop_.shared().options;
  const std::chrono::milliseconds allowed =
      loop_.shared().draining && !opening_->hasBegun()
          ? std::min(options.handshake_deadline, options.linger)
          : options.handshake_deadline;
  return std::min(phase_since_us_ + std::chrono::microseconds{allowed}.count(), endingDue());
}

void Connection::expireOpening() {
  if (openingDue() > loop_.now()) return;
  loop_.counters().count(Rejection::HandshakeTimeout);
  close();
}

}  // namespace bulkhead::host
