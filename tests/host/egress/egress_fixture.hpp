#pragma once

#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "egress/egress.hpp"
#include "host/egress/fault_peer.hpp"

namespace bulkhead::host::egress::test {

using std::chrono::milliseconds;

/// A peer with a certificate for localhost and 127.0.0.1, and an egress that believes it and may
/// reach loopback.
class EgressTest : public ::testing::Test {
 protected:
  using Skin = FaultPeer::Skin;
  static constexpr milliseconds kDeadline{400};
  /// What a busy machine adds to a deadline.
  static constexpr milliseconds kSlack{300};

  EgressTest() { std::signal(SIGPIPE, SIG_IGN); }

  static EgressOptions options() {
    EgressOptions options;
    options.allowed_networks = {"127.0.0.0/8"};
    options.plain_http = true;
    options.ca_file = identity().certificate;
    options.names.lookup = [](const std::string&) { return Addresses{"127.0.0.1"}; };
    return options;
  }

  FaultPeer& peer(FaultPeer::Script script, FaultPeer::Options options = {}) {
    peer_ = std::make_unique<FaultPeer>(std::move(script), identity(), options);
    return *peer_;
  }
  void open(EgressOptions options) { egress_ = std::make_unique<Egress>(std::move(options)); }

  std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const {
    return fmt::format("https://{}:{}{}", host, peer_->port(), path);
  }
  std::string plainUrl(std::string_view path = "/") const {
    return fmt::format("http://127.0.0.1:{}{}", peer_->port(), path);
  }

  OutboundAnswer send(OutboundRequest request, milliseconds time = std::chrono::seconds{20}) {
    if (!egress_) open(options());
    OutboundCaller caller;
    caller.plugin = plugin_;
    caller.given_up = given_up_.get_token();
    caller.deadline = std::chrono::steady_clock::now() + time;
    return egress_->send(std::move(request), std::move(caller));
  }
  OutboundAnswer get(std::string target, milliseconds time = std::chrono::seconds{20}) {
    OutboundRequest request;
    request.url = std::move(target);
    request.repeatable = true;
    return send(std::move(request), time);
  }
  OutboundAnswer post(std::string target, bool repeatable = false,
                      milliseconds time = std::chrono::seconds{20}) {
    OutboundRequest request;
    request.method = "POST";
    request.url = std::move(target);
    request.body = "amount=5";
    request.repeatable = repeatable;
    return send(std::move(request), time);
  }

  static const host::test::CertificateFolder& folder() {
    static const host::test::CertificateFolder kFolder;
    return kFolder;
  }
  static const host::test::PemFiles& identity() {
    static const host::test::PemFiles kIdentity = folder().make("peer");
    return kIdentity;
  }

  std::string plugin_ = "stripe";  ///< that sends
  std::stop_source given_up_;
  std::unique_ptr<FaultPeer> peer_;
  std::unique_ptr<Egress> egress_;
};

/// The outcome, the code and the status of an answer, to be compared at once.
inline std::string told(const OutboundAnswer& answer) {
  constexpr std::string_view kNames[] = {"Ok", "HttpError", "NotSent", "Ambiguous", "Rejected"};
  return fmt::format("{} {} {}", kNames[static_cast<std::size_t>(answer.outcome)], answer.status,
                     answer.code);
}

}  // namespace bulkhead::host::egress::test
